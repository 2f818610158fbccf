"""What simlab measures: alignment between parties, agreement between raters, and the statistics of both."""
