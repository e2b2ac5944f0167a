"""Text -> document -> statements -> trees, each with its place in the text."""
