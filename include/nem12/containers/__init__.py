"""Containers of meter files (archives, aseXML), and recognition of other kinds of file."""
