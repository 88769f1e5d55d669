"""The stage: draws a scene with VTK, on screen or off. The only place that knows actors."""

from viewer.stage.picking import Pick
from viewer.stage.stage import Stage

__all__ = ["Pick", "Stage"]
