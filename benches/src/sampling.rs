//! Taking samples of all engines by turns, so that what disturbs the machine disturbs them alike.

use crate::engines::Failure;
use std::time::Duration;

/// One run of what is measured, and the time of its interesting part.
pub(crate) type Trial = Box<dyn FnMut() -> Result<Duration, Failure>>;

/// How many samples, and how long each.
#[derive(Copy, Clone)]
pub(crate) struct Sampling {
    /// The number of samples of each engine.
    pub(crate) rounds: usize,
    /// A sample is the mean of as many trials as it takes to measure for this long.
    pub(crate) sample_time: Duration,
}

/// The samples of an engine, or why there are none.
pub(crate) type Outcome = Result<Samples, String>;

/// Numbers in the order in which they were measured: at least one.
#[derive(Clone, Debug)]
pub(crate) struct Samples(pub(crate) Vec<f64>);

impl Samples {
    /// The middle one in order of size, or the mean of the middle two.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            (sorted[middle - 1] + sorted[middle]) / 2.0
        }
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }
}

impl Sampling {
    /// The seconds that a trial of each contender takes.
    ///
    /// Each round takes a sample of every contender, and begins with another one.
    pub(crate) fn seconds(&self, contenders: Vec<Result<Trial, Failure>>) -> Vec<Outcome> {
        let count = contenders.len();
        let mut contenders: Vec<_> = contenders
            .into_iter()
            .map(|trial| trial.and_then(warmed_up).map_err(|error| error.to_string()))
            .map(|trial| trial.map(|trial| (trial, Samples(Vec::new()))))
            .collect();
        for round in 0..self.rounds {
            for turn in 0..count {
                let contender = &mut contenders[(round + turn) % count];
                let Ok((trial, samples)) = contender else { continue };
                match self.sample(trial) {
                    Ok(seconds) => samples.0.push(seconds),
                    Err(error) => *contender = Err(error.to_string()),
                }
            }
        }
        contenders.into_iter().map(|contender| contender.map(|(_, samples)| samples)).collect()
    }

    fn sample(&self, trial: &mut Trial) -> Result<f64, Failure> {
        let mut total = Duration::ZERO;
        let mut trials = 0_u32;
        while trials == 0 || total < self.sample_time {
            total += trial()?;
            trials += 1;
        }
        Ok(total.as_secs_f64() / f64::from(trials))
    }
}

/// A trial that has run once, so that lazy translation and page faults are over.
fn warmed_up(mut trial: Trial) -> Result<Trial, Failure> {
    trial()?;
    Ok(trial)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    #[test]
    fn median_of_odd_and_even_counts() {
        assert_eq!(Samples(vec![3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(Samples(vec![4.0, 1.0, 2.0, 3.0]).median(), 2.5);
    }

    #[test]
    fn contenders_take_turns_and_failures_stay() {
        let order = Rc::new(RefCell::new(String::new()));
        let named = |name: char| -> Result<Trial, Failure> {
            let order = Rc::clone(&order);
            Ok(Box::new(move || {
                order.borrow_mut().push(name);
                Ok(Duration::from_millis(2))
            }))
        };
        let contenders = vec![named('a'), Err("broken".into()), named('b')];
        let sampling = Sampling { rounds: 2, sample_time: Duration::from_millis(4) };
        let outcomes = sampling.seconds(contenders);
        // Two trials a sample, after one of each to warm up.
        assert_eq!(*order.borrow(), "abaabbbbaa");
        assert_eq!(outcomes[0].as_ref().unwrap().0, [0.002, 0.002]);
        assert_eq!(outcomes[1].as_ref().unwrap_err(), "broken");
    }
}
