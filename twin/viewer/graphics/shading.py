"""The one shader: sun with shadow, sky and ground light, gloss, haze.

Everything except the shadow is computed per vertex: faces are flat or finely divided, and with software rendering each
operation per pixel costs milliseconds per frame (measured: 39 ms against 28 ms of processor time at 1280x720).
"""

from __future__ import annotations

from panda3d.core import Shader

VERTEX = """#version 150
uniform mat4 p3d_ModelViewProjectionMatrix;
uniform mat4 p3d_ModelViewMatrix;
uniform mat3 p3d_NormalMatrix;
uniform vec4 p3d_ColorScale;
uniform mat4 p3d_ViewMatrix;
uniform vec4 haze;  // rgb and the distance at which half the light is lost
uniform float light_margin_m;
uniform struct p3d_LightSourceParameters {
  vec4 color; vec4 position; sampler2DShadow shadowMap; mat4 shadowViewMatrix;
} p3d_LightSource[1];
in vec4 p3d_Vertex;
in vec3 p3d_Normal;
in vec4 p3d_Color;
in vec2 surface;  // gloss, own light
out vec3 shaded;
out vec3 sunlit;
out vec3 in_light;
out float alpha;
void main() {
  gl_Position = p3d_ModelViewProjectionMatrix * p3d_Vertex;
  vec3 at = (p3d_ModelViewMatrix * p3d_Vertex).xyz;
  vec3 n = normalize(p3d_NormalMatrix * p3d_Normal);
  vec3 to_sun = normalize(p3d_LightSource[0].position.xyz);
  vec3 srgb = p3d_Color.rgb * p3d_ColorScale.rgb;
  vec3 albedo = srgb * srgb;  // 2.0 instead of 2.2: its inverse is one square root per pixel
  vec3 up = normalize((p3d_ViewMatrix * vec4(0.0, 0.0, 1.0, 0.0)).xyz);
  float upward = 0.5 + 0.5 * dot(n, up);
  vec3 sky = mix(vec3(0.20, 0.19, 0.18), vec3(0.44, 0.47, 0.52), upward);
  float facing = max(dot(n, to_sun), 0.0);
  vec3 half_way = normalize(to_sun - normalize(at));
  float gloss = surface.x;
  float glint = gloss * pow(max(dot(n, half_way), 0.0), mix(8.0, 90.0, gloss)) * step(0.001, facing);
  float rim = gloss * 0.25 * pow(1.0 - max(dot(n, -normalize(at)), 0.0), 4.0);
  float far = length(at) / haze.a;
  float clear = exp2(-far * far);
  shaded = mix(haze.rgb, albedo * (sky + surface.y) + rim * sky, clear);
  sunlit = (albedo * vec3(0.80, 0.77, 0.71) * facing + vec3(glint)) * clear;
  vec4 q = p3d_LightSource[0].shadowViewMatrix * vec4(at + n * light_margin_m, 1.0);
  in_light = q.xyz / q.w;
  alpha = p3d_ColorScale.a * p3d_Color.a;
}
"""

FRAGMENT = """#version 150
uniform struct p3d_LightSourceParameters {
  vec4 color; vec4 position; sampler2DShadow shadowMap; mat4 shadowViewMatrix;
} p3d_LightSource[1];
in vec3 shaded;
in vec3 sunlit;
in vec3 in_light;
in float alpha;
out vec4 colour;
void main() {
  float lit = LIT;
  colour = vec4(sqrt(shaded + sunlit * lit), alpha);
}
"""

LIT = {
    "none": "1.0",
    "hard": "texture(p3d_LightSource[0].shadowMap, in_light)",
    "soft": "0.25 * (texture(p3d_LightSource[0].shadowMap, in_light + vec3(-STEP, -0.4 * STEP, 0.0))"
    " + texture(p3d_LightSource[0].shadowMap, in_light + vec3(0.4 * STEP, -STEP, 0.0))"
    " + texture(p3d_LightSource[0].shadowMap, in_light + vec3(STEP, 0.4 * STEP, 0.0))"
    " + texture(p3d_LightSource[0].shadowMap, in_light + vec3(-0.4 * STEP, STEP, 0.0)))",
}

DEPTH_VERTEX = """#version 150
uniform mat4 p3d_ModelViewProjectionMatrix;
in vec4 p3d_Vertex;
void main() { gl_Position = p3d_ModelViewProjectionMatrix * p3d_Vertex; }
"""
DEPTH_FRAGMENT = """#version 150
void main() {}
"""


def surface_shader(shadow: str, shadow_px: int) -> Shader:
    """The shader of all solid objects; `shadow` is none, hard or soft."""
    lit = LIT[shadow].replace("STEP", f"{0.9 / max(shadow_px, 1):.8f}")
    return Shader.make(Shader.SL_GLSL, VERTEX, FRAGMENT.replace("LIT", lit))


def depth_shader() -> Shader:
    """Shader of the shadow map: depth only."""
    return Shader.make(Shader.SL_GLSL, DEPTH_VERTEX, DEPTH_FRAGMENT)
