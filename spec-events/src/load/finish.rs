//! What an event does to the names behind it, and what its arguments owe each other.

use lnprototest_bolt::wire::Extent;

use super::Reader;
use super::shape::{INVOICE, INVOICE_WITH_PREIMAGE, PAYMENT, Shape, TRANSACTION};
use crate::event::Name;
use crate::{Event, Location};

impl Reader<'_> {
    /// Checks `event` as a whole, and makes what it names known. `None` if it can't be used.
    pub(super) fn finish(&mut self, event: &mut Event, at: &Location) -> Option<()> {
        let subject = self.subject.at.clone().unwrap_or_else(|| at.clone());
        match event {
            Event::Accept(event) => self.name_session(&event.name, &subject),
            Event::AcceptFunding(event) => self.name_channel(&event.chan, false, at),
            Event::Claim(event) => self.name_value(Some(&event.bind), TRANSACTION, at),
            Event::Connect(event) => self.name_session(&event.name, &subject),
            Event::CreateFunding(event) => self.name_channel(&event.chan, false, at),
            Event::ExpectBytes(event) => self.name_value(event.bind.as_ref(), Shape::Text, at),
            Event::ExpectMsg(event) => {
                let message = self.subject.message.clone()?;
                self.check_fields(&message, event.with.as_ref(), Extent::Partial, &subject);
                self.check_absent(&message, &event.absent, at);
                self.name_value(event.bind.as_ref(), Shape::Message(message), at);
            }
            Event::ExpectTx(event) => self.name_value(event.bind.as_ref(), TRANSACTION, at),
            Event::FundChannel(event) => self.name_channel(&event.chan, true, at),
            Event::Include(event) => self.include(event, &subject).or_else(|| {
                self.names.unclear();
                None
            })?,
            Event::Invoice(event) => {
                let shape = if event.preimage.is_some() { INVOICE_WITH_PREIMAGE } else { INVOICE };
                self.name_value(Some(&event.bind), shape, at);
            }
            Event::Msg(event) => {
                let message = self.subject.message.clone()?;
                self.check_fields(&message, event.with.as_ref(), Extent::Whole, &subject);
            }
            Event::Pay(event) => self.name_value(event.bind.as_ref(), PAYMENT, at),
            Event::RawConnect(event) => self.name_session(&event.name, &subject),
            _ => {}
        }
        Some(())
    }

    /// Makes a value known under `name`.
    fn name_value(&mut self, name: Option<&Name>, shape: Shape, at: &Location) {
        if let Some(name) = name
            && let Err(problem) = self.names.add_value(name, shape, false)
        {
            self.error(at, problem);
        }
    }

    fn name_session(&mut self, name: &Name, at: &Location) {
        if let Err(problem) = self.names.add_session(name) {
            self.error(at, problem);
        }
    }

    fn name_channel(&mut self, name: &Name, by_node: bool, at: &Location) {
        if let Err(problem) = self.names.add_channel(name, by_node) {
            self.report(crate::Diagnostic::new(at, problem).help("name this one with `chan`"));
        }
    }
}
