"""Where a run stands, who leases it, its numbered events, and the doors to them."""
