//! Which feerates is lightningd told?

/// Estimates for some deadlines. They are fixed, since a regtest chain has no market to ask.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fees {
    /// Sat per 1000 weight for all deadlines, with how often it was set before.
    set: Option<(u32, u32)>,
}

impl Fees {
    /// What a transaction must pay to be relayed, in sat per 1000 weight.
    pub(crate) const FLOOR: u32 = 253;

    /// From now on it is `per_kw` (sat per 1000 weight) whatever the deadline.
    pub(crate) fn set(&mut self, per_kw: u32) {
        let times = self.set.map_or(0, |(_, times)| times + 1);
        self.set = Some((per_kw, times));
    }

    /// Deadlines in blocks, ascending, with their feerates in sat per 1000 weight, descending.
    ///
    /// Lightningd smooths its estimates and remembers the last three, unless they are for other deadlines than before:
    /// so those change each time, and it believes the new ones at once.
    pub(crate) fn estimates(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let estimates = match self.set {
            Some((per_kw, times)) => vec![(2 + times % 2, per_kw)],
            None => vec![(2, 5_000), (6, 2_000), (12, 2_000), (100, 500)],
        };
        estimates.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_for_other_deadlines() {
        let mut fees = Fees::default();
        let mut before: Vec<u32> = fees.estimates().map(|(blocks, _)| blocks).collect();
        for per_kw in [1_000, 2_000, 2_000, 500] {
            fees.set(per_kw);
            let (deadlines, feerates): (Vec<u32>, Vec<u32>) = fees.estimates().unzip();
            assert_eq!(feerates, [per_kw]);
            assert_ne!(deadlines, before);
            before = deadlines;
        }
    }
}
