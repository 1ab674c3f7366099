"""How a route moves by evidence: stage machine, guard, promotion, ramp and the verdict that combines them."""
