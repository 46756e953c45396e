"""What script/bench is made of: one module for each thing that is measured, and what they share."""
