"""Start the page: ``python app.py`` is ``allchat serve``."""

from allchat.cli import cli

if __name__ == "__main__":
    cli(["serve"], prog_name="allchat")
