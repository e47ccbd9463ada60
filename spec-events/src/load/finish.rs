//! What an event does to the names behind it, and what its arguments owe each other.

use lnprototest_bolt::wire::Extent;

use super::Reader;
use super::shape::{INVOICE, INVOICE_WITH_PREIMAGE, PAYMENT, Shape, TRANSACTION};
use crate::event::{CreateTx, Name};
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
            Event::CreateTx(event) => {
                self.check_coin(event, at);
                self.name_value(Some(&event.bind), TRANSACTION, at);
            }
            Event::ExpectBytes(event) => self.name_value(event.bind.as_ref(), Shape::Text, at),
            Event::ExpectMsg(event) => {
                let message = self.subject.message.clone()?;
                self.check_fields(&message, event.with.as_ref(), &[], Extent::Partial, &subject);
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
                let signed: Vec<&str> = event.sign.iter().map(|(field, _)| &**field).collect();
                self.check_fields(&message, event.with.as_ref(), &signed, Extent::Whole, &subject);
                self.check_signed(&message, event);
            }
            Event::Pay(event) => self.name_value(event.bind.as_ref(), PAYMENT, at),
            Event::RawConnect(event) => self.name_session(&event.name, &subject),
            _ => {}
        }
        Some(())
    }

    /// Which coin a transaction spends has to be clear, and all of its outputs.
    fn check_coin(&mut self, event: &CreateTx, at: &Location) {
        match (&event.utxo, &event.spends, event.keys.len()) {
            (Some(_), None, 0) | (None, Some(_), 1 | 2) => {}
            (None, Some(_), _) => self.error(at, "`spends` needs its `keys`: one or two"),
            (Some(_), None, _) => self.error(at, "`keys` are those of `spends`; the key of `utxo` is known"),
            (None, None, _) | (Some(_), Some(_), _) => {
                self.error(at, "CreateTx needs one coin: `utxo`, or `spends` with its `keys`");
            }
        }
        for output in &event.outputs {
            let problem = match (&output.sat, &output.script) {
                (None, _) => "an output that we make needs its `sat`",
                (_, None) => "an output that we make needs its `script`",
                _ => continue,
            };
            let part = output.sat.as_ref().map(|sat| &sat.at);
            let place = part.or(output.script.as_ref().map(|script| &script.at)).unwrap_or(at).clone();
            self.error(&place, problem);
        }
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
