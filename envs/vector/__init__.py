"""Vector environments of the tasks: many worlds on one plant, stepped together in compiled code.

>>> gymnasium.make_vec("envs:swaptwin/Alignment-v1", num_envs=1024, station="top_lift")
"""
