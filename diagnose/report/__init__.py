"""Pure renderers: a report in, text out. Nothing here reads the environment or writes to a stream."""

from diagnose.report.registry import RENDERERS, Renderer, renderer
from diagnose.report.style import Role, Style

__all__ = ["RENDERERS", "Renderer", "Role", "Style", "renderer"]
