"""``python cli.py ...``: the command line from a checkout, with nothing installed but the dependencies."""

from derive.cli import main

if __name__ == "__main__":
    main()
