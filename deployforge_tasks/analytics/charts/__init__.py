"""Charts: Vega-Lite specifications, drawn as SVG here, each with its words and its numbers as a table."""
