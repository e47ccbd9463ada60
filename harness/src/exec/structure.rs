//! The order of events, names and comparisons.

use lnprototest_spec_events::event::{AnyOrder, Check, CheckEq, Include, MessageName, OneOf, Set, TryAll};
use lnprototest_spec_events::{Event, Step, Value};
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
            Fitting::Alternative(n) => {
                self.stage.tap.chosen(n);
                self.steps(&event.alternatives[n]).await
            }
            Fitting::None(stop) => Err(stop),
        }
    }

    pub(super) async fn any_order(&mut self, event: &AnyOrder) -> Result<(), Stop> {
        let mut left: Vec<&Vec<Step>> = event.alternatives.iter().collect();
        while !left.is_empty() {
            match self.fitting_of(&left).await? {
                Fitting::Alternative(n) => {
                    self.stage.tap.chosen(n);
                    self.steps(left.remove(n)).await?;
                }
                Fitting::None(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    async fn fitting(&mut self, alternatives: &[Vec<Step>]) -> Result<Fitting, Stop> {
        self.fitting_of(&alternatives.iter().collect::<Vec<_>>()).await
    }

    /// The first alternative whose first expectation fits what comes next on its session: in all that it demands, or
    /// else in kind, so that the failure says what is wrong with it.
    async fn fitting_of(&mut self, alternatives: &[&Vec<Step>]) -> Result<Fitting, Stop> {
        let openings: Vec<Option<&Step>> = alternatives.iter().map(|steps| self.opening(steps)).collect();
        let mut in_kind = None;
        let mut seen = None;
        for (n, opening) in openings.iter().enumerate() {
            let Some(event) = opening.map(|step| &step.event) else { return Ok(Fitting::Alternative(n)) };
            let Some(session) = session_of(event) else { return Ok(Fitting::Alternative(n)) };
            let on_it = openings.iter().flatten().map(|step| &step.event);
            let hopes = Hopes::of(on_it.filter(|event| session_of(event) == Some(session)));
            let arrival = self.stage.peek(session, hopes.background(), &hopes.wanted).await?;
            if fits(event, &arrival) {
                if self.suits(event, &arrival) {
                    return Ok(Fitting::Alternative(n));
                }
                in_kind.get_or_insert(n);
            }
            seen.get_or_insert((session, arrival));
        }
        if let Some(n) = in_kind {
            return Ok(Fitting::Alternative(n));
        }
        let wanted: Vec<String> = openings.iter().flatten().map(|step| name_of(step)).collect();
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

    /// The first of `steps` that happens: that of the fragment or sequence, if it is one.
    fn opening<'s>(&self, steps: &'s [Step]) -> Option<&'s Step> {
        let happens = |step: &&Step| {
            // What a fragment will know is not known yet: then the step may happen.
            let when = step.when.as_ref().map(|when| when.evaluate(&self.stage.names));
            !matches!(when, Some(Ok(false)))
        };
        let step = steps.iter().find(happens)?;
        match &step.event {
            Event::Include(event) => self.opening(&event.steps),
            Event::Sequence(event) => self.opening(&event.steps),
            _ => Some(step),
        }
    }

    /// Whether a message that is of the right kind is also all else that `event` demands, as far as that can be told.
    fn suits(&mut self, event: &Event, arrival: &Arrival) -> bool {
        match (event, arrival) {
            (Event::ExpectMsg(event), Arrival::Came(Arrived::Message(recorded))) => {
                self.judge(event, recorded).is_ok_and(|judgement| judgement.differences.is_empty())
            }
            _ => true,
        }
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
        if judgement.unknown.len() < event.conditions.len() {
            self.judged();
        }
        self.unjudged.append(&mut judgement.unknown);
        match judgement.differences.first() {
            None => Ok(()),
            Some(difference) => Err(Stop::fail(
                Code::bare(CodeKind::Check),
                difference.expected.clone(),
                difference.got.clone(),
            )),
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
        let are_maps = matches!(first, Value::Map(_) | Value::Object(_));
        match compare_values(&first, Some(&second)) {
            // Which compares in part: what only the second has differs too.
            Ok(()) if are_maps && first != second => {
                Err(Stop::fail(Code::bare(CodeKind::Check), first.to_string(), second.to_string()))
            }
            Ok(()) => Ok(()),
            Err((expected, got)) => Err(Stop::fail(Code::bare(CodeKind::Check), expected, got)),
        }
    }
}

/// Which alternative is taken.
enum Fitting {
    Alternative(usize),
    None(Stop),
}

/// What several expectations of one session hope for: none of it is background to any of them.
struct Hopes<'s> {
    wanted: Vec<&'s str>,
    ignored: Vec<MessageName>,
    strict: bool,
}

impl<'s> Hopes<'s> {
    fn of(expectations: impl Iterator<Item = &'s Event>) -> Self {
        let mut hopes = Self { wanted: Vec::new(), ignored: Vec::new(), strict: true };
        for event in expectations {
            hopes.ignored.extend_from_slice(ignored_by(event));
            match event {
                Event::ExpectMsg(event) => {
                    hopes.wanted.push(&event.message);
                    hopes.strict &= event.strict;
                }
                _ => hopes.strict = false,
            }
        }
        hopes
    }

    fn background(&self) -> Background<'_> {
        if self.strict { Background::Nothing } else { Background::Also(&self.ignored) }
    }
}

/// What an expectation takes for background besides the usual.
fn ignored_by(event: &Event) -> &[MessageName] {
    match event {
        Event::ExpectDisconnect(event) => &event.ignore,
        Event::ExpectError(event) => &event.ignore,
        Event::ExpectFail(event) => &event.ignore,
        Event::ExpectMsg(event) => &event.ignore,
        Event::ExpectQuiet(event) => &event.ignore,
        Event::ExpectWarning(event) => &event.ignore,
        _ => &[],
    }
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
