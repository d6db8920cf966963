"""Self-contained HTML reports, drawn from saved results alone."""

from __future__ import annotations

from .verify import verify_page

__all__ = ["verify_page"]
