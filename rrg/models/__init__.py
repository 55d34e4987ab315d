"""Report generators behind one protocol. Knows no loss and no file of a data set."""
