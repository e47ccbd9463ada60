//! The order of events, names and comparisons.

use lnprototest_spec_events::event::{AnyOrder, Check, CheckEq, Include, OneOf, Set, TryAll};
use lnprototest_spec_events::{Event, Step};
use std::collections::HashMap;

use super::naming::name_of;
use super::performer::{Performer, unexpected};
use crate::session::{Arrived, Background};
use crate::stage::{Arrival, Judgement, Stop, compare_values};
use crate::verdict::{Code, CodeKind};

impl Performer<'_> {
    pub(super) async fn try_all(&mut self, event: &TryAll) -> Result<(), Stop> {
        let choice = self.path.choice(event.site);
        match choice.and_then(|choice| event.alternatives.get(choice)) {
            Some(steps) => self.steps(steps).await,
            None => {
                Err(Stop::spec(format!("path {} does not say which alternative to take here", self.path)))
            }
        }
    }

    pub(super) async fn one_of(&mut self, event: &OneOf) -> Result<(), Stop> {
        match self.fitting(&event.alternatives).await? {
            Fitting::Alternative(n) => self.steps(&event.alternatives[n]).await,
            Fitting::None(stop) => Err(stop),
        }
    }

    pub(super) async fn any_order(&mut self, event: &AnyOrder) -> Result<(), Stop> {
        let mut left: Vec<&Vec<Step>> = event.alternatives.iter().collect();
        while !left.is_empty() {
            match self.fitting_of(&left).await? {
                Fitting::Alternative(n) => self.steps(left.remove(n)).await?,
                Fitting::None(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    async fn fitting(&mut self, alternatives: &[Vec<Step>]) -> Result<Fitting, Stop> {
        self.fitting_of(&alternatives.iter().collect::<Vec<_>>()).await
    }

    /// The first alternative whose first expectation fits what comes next on its session.
    async fn fitting_of(&mut self, alternatives: &[&Vec<Step>]) -> Result<Fitting, Stop> {
        let mut seen = None;
        for (n, steps) in alternatives.iter().enumerate() {
            let Some(first) = steps.first().map(opening) else { return Ok(Fitting::Alternative(n)) };
            let Some(session) = session_of(&first.event) else { return Ok(Fitting::Alternative(n)) };
            let arrival = self.stage.peek(session, Background::USUAL).await?;
            if fits(&first.event, &arrival) {
                return Ok(Fitting::Alternative(n));
            }
            seen.get_or_insert((session, arrival));
        }
        let wanted: Vec<String> =
            alternatives.iter().filter_map(|steps| steps.first()).map(opening).map(name_of).collect();
        let expected = format!("one of: {}", wanted.join(", "));
        Ok(Fitting::None(match seen {
            Some((_, Arrival::Came(arrived))) => unexpected(&arrived, &expected),
            Some((session, Arrival::Quiet(silence))) => Stop::fail(
                Code::bare(CodeKind::Quiet),
                expected,
                format!("the node has nothing to say on {session} ({silence})"),
            ),
            None => Stop::spec("there is no alternative to take"),
        }))
    }

    pub(super) async fn include(&mut self, event: &Include) -> Result<(), Stop> {
        let mut parameters = HashMap::new();
        for (name, template) in &event.with {
            parameters.insert(name.to_string(), template.evaluate(&self.stage.names)?);
        }
        self.stage.names.enter(parameters);
        let result = self.inside(event).await;
        self.stage.names.leave();
        result
    }

    async fn inside(&mut self, event: &Include) -> Result<(), Stop> {
        for (name, template) in &event.lets {
            let value = template.evaluate(&self.stage.names)?;
            self.stage.names.set_in_fragment(name, value);
        }
        self.steps(&event.steps).await
    }

    pub(super) fn set(&mut self, event: &Set) -> Result<(), Stop> {
        for (name, template) in &event.bindings {
            let value = template.evaluate(&self.stage.names)?;
            self.stage.names.set(name, value);
        }
        Ok(())
    }

    pub(super) fn check(&mut self, event: &Check) -> Result<(), Stop> {
        let mut judgement = Judgement::default();
        self.check_all(&event.conditions, &mut judgement)?;
        self.judged();
        self.unjudged.append(&mut judgement.unknown);
        match judgement.differences.first() {
            None => Ok(()),
            Some(difference) => {
                Err(Stop::fail(Code::bare(CodeKind::Check), difference.expected.clone(), "it does not hold"))
            }
        }
    }

    pub(super) fn check_eq(&mut self, event: &CheckEq) -> Result<(), Stop> {
        let names = &self.stage.names;
        let values = event.values.0.evaluate(names).and_then(|a| Ok((a, event.values.1.evaluate(names)?)));
        let (first, second) = match values {
            Ok(values) => values,
            Err(error) if error.is_unknown() => {
                self.unjudged.push(error.expression);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        self.judged();
        compare_values(&first, Some(&second))
            .map_err(|(expected, got)| Stop::fail(Code::bare(CodeKind::Check), expected, got))
    }
}

/// Which alternative is taken.
enum Fitting {
    Alternative(usize),
    None(Stop),
}

/// The step that `step` begins with: that of the fragment or sequence, if it is one.
fn opening(step: &Step) -> &Step {
    let first = match &step.event {
        Event::Include(event) => event.steps.first(),
        Event::Sequence(event) => event.steps.first(),
        _ => None,
    };
    first.map_or(step, opening)
}

/// The session that an expectation looks at; `None` if the event is no expectation of a session.
fn session_of(event: &Event) -> Option<&str> {
    Some(match event {
        Event::ExpectDisconnect(event) => &event.on,
        Event::ExpectError(event) => &event.on,
        Event::ExpectFail(event) => &event.on,
        Event::ExpectMsg(event) => &event.on,
        Event::ExpectQuiet(event) => &event.on,
        Event::ExpectWarning(event) => &event.on,
        _ => return None,
    })
}

/// Whether what came is of the kind that `event` waits for.
fn fits(event: &Event, arrival: &Arrival) -> bool {
    let named = |wanted: &str| match arrival {
        Arrival::Came(arrived) => arrived.message().is_some_and(|message| message.name() == wanted),
        Arrival::Quiet(_) => false,
    };
    let ended = matches!(arrival, Arrival::Came(Arrived::End));
    match event {
        Event::ExpectDisconnect(_) => ended,
        Event::ExpectError(_) => named("error"),
        Event::ExpectFail(_) => ended || named("error") || named("warning"),
        Event::ExpectMsg(event) => named(&event.message),
        Event::ExpectQuiet(_) => matches!(arrival, Arrival::Quiet(_)),
        Event::ExpectWarning(_) => named("warning"),
        _ => true,
    }
}
