"""The 3D viewer: a recording, or a given state, as a picture, a video or a window.

It reads recordings only: no physics engine, no environments. Panda3D is imported by `graphics`, `scene`, `hud` and
`app`, but not by `layout`, `snapshot`, `source`, `playback` and `compare`.
"""
