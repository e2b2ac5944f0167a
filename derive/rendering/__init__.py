"""Results as text, LaTeX, HTML, JSON and pictures: takes finished results and knows no mathematics."""
