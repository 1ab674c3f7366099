"""Tables as text and as Markdown."""

from __future__ import annotations

from bench.table import Table, as_markdown, as_text

TABLE = Table(
    title="Speed",
    columns=("proxy", "req/s"),
    rows=(("nginx", "36,000"), ("a|b", "9")),
    notes=("Read ratios.",),
)


def test_text_lines_up() -> None:
    """Words stand to the left, figures to the right, and no line ends in spaces."""
    assert as_text(TABLE) == "Speed\n\nproxy   req/s\nnginx  36,000\na|b         9\n\nRead ratios."


def test_markdown_is_a_table_that_a_cell_cannot_break() -> None:
    """Figures are right-aligned, a bar inside a cell is escaped, notes stand below in their own paragraph."""
    assert as_markdown(TABLE) == (
        "**Speed**\n\n| proxy | req/s |\n| --- | ---: |\n| nginx | 36,000 |\n| a\\|b | 9 |\n\nRead ratios."
    )
