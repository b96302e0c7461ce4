"""Policies for use outside: one self-contained ONNX model, or a function block of IEC 61131-3."""
