"""One self-contained HTML page that says how good the classifier is, and how we know."""
