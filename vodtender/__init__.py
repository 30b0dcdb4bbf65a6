VERSION = "0.1.0"  # pyproject.toml has it too
