//! The criterion `L- - L+ >= tau_f`.

use serde::{Deserialize, Serialize};

/// The three losses of a candidate, in nats (section 2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// `L_i(empty)`: no call.
    pub none: f64,
    /// `L_i(e(c, empty))`: the call without its result.
    pub call: f64,
    /// `L_i(e(c, r)) = L+`: the call with its result.
    pub response: f64,
}

impl Losses {
    /// `L- - L+`, where `L- = min(L_i(empty), L_i(e(c, empty)))`, in nats.
    pub fn delta(&self) -> f64 {
        self.none.min(self.call) - self.response
    }

    /// Whether the call is kept: `L- - L+ >= tau_f`.
    pub fn keeps(&self, tau_f: f64) -> bool {
        self.delta() >= tau_f
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(none: f64, call: f64, response: f64, tau_f: f64, kept: bool) {
        assert_eq!(Losses { none, call, response }.keeps(tau_f), kept);
    }

    #[test]
    fn both_alternatives_must_be_worse() {
        check(3.0, 3.0, 2.0, 1.0, true);
        check(3.0, 2.5, 2.0, 1.0, false);
        check(2.5, 3.0, 2.0, 1.0, false);
        check(2.0, 2.0, 2.0, 0.0, true);
    }
}
