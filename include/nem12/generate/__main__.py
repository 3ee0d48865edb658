"""`python -m nem12.generate`."""

from nem12.generate.command import main

if __name__ == "__main__":
    raise SystemExit(main())
