"""How files come packed, and which other kinds of file there are."""
