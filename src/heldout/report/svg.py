"""A few shapes as inline SVG: text stays text, colours come from the page, all strings are escaped."""

from __future__ import annotations

from markupsafe import Markup, escape

from heldout.report.words import clean


class Drawing:
    """An SVG picture in the making, in its own pixels.

    Parameters
    ----------
    width, height : float
    label : str
        What the picture says, for those who cannot see it.
    css : str, default="figure"
        Class of the element.
    """

    def __init__(self, width: float, height: float, label: str, css: str = "figure") -> None:
        self.width, self.height, self.label, self.css = width, height, label, css
        self._parts: list[Markup] = []
        self._role = "img"

    def rect(self, x: float, y: float, width: float, height: float, css: str, *, opacity: float = 1.0) -> None:
        """A box."""
        shade = Markup("") if opacity == 1 else Markup(' fill-opacity="{}"').format(_short(opacity))
        self._add(
            '<rect x="{}" y="{}" width="{}" height="{}" class="{}"{}/>',
            *(_short(value) for value in (x, y, max(0.0, width), max(0.0, height))),
            css,
            shade,
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        """A straight line."""
        self._add('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>', *map(_short, (x1, y1, x2, y2)), css)

    def circle(self, x: float, y: float, radius: float, css: str) -> None:
        """A dot."""
        self._add('<circle cx="{}" cy="{}" r="{}" class="{}"/>', *map(_short, (x, y, radius)), css)

    def path(self, points: list[tuple[float, float]], css: str, *, closed: bool = False) -> None:
        """A line through points."""
        if not points:
            return
        route = "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points) + ("Z" if closed else "")
        self._add('<path d="{}" class="{}"/>', route, css)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        css: str = "",
        *,
        anchor: str = "start",
        turn: float = 0.0,
        full: str = "",
    ) -> None:
        """Words at a point; ``full`` shows on hovering, where ``words`` had to be cut."""
        rotate = Markup("")
        if turn:
            rotate = Markup(' transform="rotate({} {} {})"').format(*map(_short, (turn, x, y)))
        hover = Markup("<title>{}</title>").format(clean(full)) if full else Markup("")
        self._add(
            '<text x="{}" y="{}" class="{}" text-anchor="{}"{}>{}{}</text>',
            _short(x),
            _short(y),
            css,
            anchor,
            rotate,
            hover,
            clean(words),
        )

    def start_link(self, target: str, label: str) -> None:
        """All shapes until `end_link` lead to an element of the page; the drawing is then read as a group of links."""
        self._role = "group"
        self._add('<a href="#{}" aria-label="{}">', target, clean(label))

    def end_link(self) -> None:
        """End what `start_link` began."""
        self._add("</a>")

    def _add(self, shape: str, *values: object) -> None:
        self._parts.append(Markup(shape).format(*values))

    def done(self) -> Markup:
        """The element."""
        return Markup(
            '<svg class="{}" viewBox="0 0 {} {}" width="{}" height="{}" role="{}" aria-label="{}">{}</svg>'
        ).format(
            self.css,
            _short(self.width),
            _short(self.height),
            _short(self.width),
            _short(self.height),
            self._role,
            escape(clean(self.label)),
            Markup("").join(self._parts),
        )


def _short(value: float) -> str:
    """A coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
