"""Where does the nerve enter? Published claims side by side with a specimen's own figures.

The claims never steer the nerve's course; here they are held against it.
"""

from annotations.claims.export import as_csv, as_json, as_text
from annotations.claims.figures import FigureRow, figure_rows
from annotations.claims.judge import answer, claims, notes
from annotations.claims.own import places
from annotations.claims.result import Answer, ClaimFigure, ClaimResult, Place, Verdict

__all__ = [
    "Answer",
    "ClaimFigure",
    "ClaimResult",
    "FigureRow",
    "Place",
    "Verdict",
    "answer",
    "as_csv",
    "as_json",
    "as_text",
    "claims",
    "figure_rows",
    "notes",
    "places",
]
