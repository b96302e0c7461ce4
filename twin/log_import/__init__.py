"""Station historians' exports of any dialect, made into recordings."""
