"""Which state may follow which, and the one function of each lifecycle that moves a row."""
