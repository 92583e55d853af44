"""``python -m allchat`` is the command line."""

from allchat.cli import main

if __name__ == "__main__":
    main()
