"""Published rules, each in its published setting with its traps fixed."""
