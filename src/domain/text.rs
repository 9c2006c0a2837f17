//! Text: width folding, numerals, checked text.
