"""The 3D viewer: a recording, or a state that is handed in, as a picture, a video or a window.

It reads recordings only: no physics engine, no environments. Panda3D is imported by `graphics`, `scene`, `hud` and
`app`; `layout`, `snapshot`, `source`, `playback` and `compare` do without.
"""
