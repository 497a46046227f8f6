"""From rows to a verdict: one comparison as JSON, as Markdown, as tables on a terminal and as one offline page."""
