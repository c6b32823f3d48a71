"""One page of a run, or of several side by side: ``report.html``, one file that asks nothing of any network.

:class:`Run` is what a folder holds. :func:`document` makes the page of it. Charts are Altair specifications
(:mod:`specs`), which the page's script draws with Vega. All that a user or a stranger named is text: the template
escapes it, and JSON in the page holds no letter that could end a script.
"""

from ngpc_sim.report.page.document import document
from ngpc_sim.report.page.run import Run

__all__ = ["Run", "document"]
