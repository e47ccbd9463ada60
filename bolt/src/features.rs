//! Which features are there, and which of them does a set of bits hold? (BOLT 9)

use std::fmt;

/// A feature of BOLT 9: a pair of bits.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Feature {
    /// As BOLT 9 names it.
    pub name: &'static str,
    /// The bit of the pair that requires it, always even. The next one offers it.
    pub even_bit: u32,
    /// Where its bits may appear.
    pub contexts: &'static [Context],
    /// What it needs, by name.
    pub dependencies: &'static [&'static str],
    /// Whether every node is taken to have it, its bits set or not.
    pub assumed: bool,
}

/// Where feature bits appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Context {
    /// `channel_type`, when a channel is opened (`T`).
    ChannelType,
    /// `init` (`I`).
    Init,
    /// BOLT 11 invoices (`9`).
    Invoice,
    /// `node_announcement` (`N`).
    NodeAnnouncement,
}

impl Feature {
    /// The feature of this name.
    pub fn named(name: &str) -> Option<&'static Feature> {
        FEATURES.iter().find(|feature| feature.name == name)
    }

    /// The feature that this bit, even or odd, belongs to.
    pub fn of_bit(bit: u32) -> Option<&'static Feature> {
        let index = FEATURES.binary_search_by_key(&(bit & !1), |feature| feature.even_bit).ok()?;
        FEATURES.get(index)
    }

    /// All features, by ascending bit.
    pub fn all() -> &'static [Feature] {
        FEATURES
    }

    /// Its bit of this strength.
    pub fn bit(&self, strength: Strength) -> u32 {
        match strength {
            Strength::Optional => self.even_bit + 1,
            Strength::Required => self.even_bit,
        }
    }
}

/// Which bit of a feature's pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// The odd one: a peer need not know it.
    Optional,
    /// The even one: a peer must know it.
    Required,
}

/// No feature has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no feature of BOLT 9 is named {0}")]
pub struct UnknownFeature(pub String);

/// A set of feature bits, known or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureSet {
    /// The lowest bits first; the last byte is never zero.
    bytes: Vec<u8>,
}

impl FeatureSet {
    /// No feature.
    pub fn new() -> Self {
        Self::default()
    }

    /// The features of these names, all of one strength.
    pub fn of<'a>(
        names: impl IntoIterator<Item = &'a str>,
        strength: Strength,
    ) -> Result<Self, UnknownFeature> {
        let mut set = Self::new();
        for name in names {
            set.insert(name, strength)?;
        }
        Ok(set)
    }

    /// The set of a `features` field: big-endian bits, leading zeros allowed.
    pub fn from_wire(bytes: &[u8]) -> Self {
        let mut set = Self { bytes: bytes.iter().rev().copied().collect() };
        set.trim();
        set
    }

    /// The set as a `features` field of the least length: big-endian bits.
    pub fn to_wire(&self) -> Vec<u8> {
        self.bytes.iter().rev().copied().collect()
    }

    /// Sets a feature's bit.
    pub fn insert(&mut self, name: &str, strength: Strength) -> Result<(), UnknownFeature> {
        let feature = Feature::named(name).ok_or_else(|| UnknownFeature(name.to_owned()))?;
        self.set_bit(feature.bit(strength));
        Ok(())
    }

    /// Sets any bit. A `features` field has room for those below 524,280.
    pub fn set_bit(&mut self, bit: u32) {
        let index = bit as usize / 8;
        if index >= self.bytes.len() {
            self.bytes.resize(index + 1, 0);
        }
        self.bytes[index] |= 1 << (bit % 8);
    }

    /// Clears any bit.
    pub fn clear_bit(&mut self, bit: u32) {
        if let Some(byte) = self.bytes.get_mut(bit as usize / 8) {
            *byte &= !(1 << (bit % 8));
        }
        self.trim();
    }

    /// Whether this bit is set.
    pub fn has_bit(&self, bit: u32) -> bool {
        self.bytes.get(bit as usize / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }

    /// Whether one of the feature's bits is set.
    pub fn has(&self, name: &str) -> bool {
        Feature::named(name).is_some_and(|feature| self.has_feature(feature))
    }

    /// Whether the feature's even bit is set.
    pub fn requires(&self, name: &str) -> bool {
        Feature::named(name).is_some_and(|feature| self.has_bit(feature.even_bit))
    }

    /// Whether one of the feature's bits is set, or every node is taken to have it.
    pub fn holds(&self, name: &str) -> bool {
        Feature::named(name).is_some_and(|feature| feature.assumed || self.has_feature(feature))
    }

    /// All bits that are set, ascending.
    pub fn bits(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.bytes.len() as u64 * 8).map(|bit| bit as u32).filter(|bit| self.has_bit(*bit))
    }

    /// The known features that are set, by ascending bit.
    pub fn features(&self) -> impl Iterator<Item = &'static Feature> + '_ {
        FEATURES.iter().filter(|feature| self.has_feature(feature))
    }

    /// The bits of both.
    pub fn union(&self, other: &Self) -> Self {
        let (mut long, short) =
            if self.bytes.len() < other.bytes.len() { (other.clone(), self) } else { (self.clone(), other) };
        for (byte, more) in long.bytes.iter_mut().zip(&short.bytes) {
            *byte |= more;
        }
        long
    }

    /// Each set feature with each of its dependencies that is not there, transitive ones too. An assumed one is
    /// always there.
    pub fn missing_dependencies(&self) -> Vec<MissingDependency> {
        let mut missing = Vec::new();
        for feature in self.features() {
            let mut open: Vec<&str> = feature.dependencies.to_vec();
            while let Some(dependency) = open.pop() {
                if !self.holds(dependency) {
                    missing.push(MissingDependency { feature: feature.name, dependency });
                }
                open.extend(
                    Feature::named(dependency).map(|feature| feature.dependencies).unwrap_or_default(),
                );
            }
        }
        missing
    }

    /// The even bits that are set and belong to no feature of BOLT 9, ascending.
    pub fn unknown_even(&self) -> Vec<u32> {
        self.bits().filter(|bit| bit % 2 == 0 && Feature::of_bit(*bit).is_none()).collect()
    }

    fn has_feature(&self, feature: &Feature) -> bool {
        self.has_bit(feature.even_bit) || self.has_bit(feature.even_bit + 1)
    }

    fn trim(&mut self) {
        let len = self.bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        self.bytes.truncate(len);
    }
}

/// By name, `!` behind the required ones; unknown ones by bit: `option_anchors!, gossip_queries, 101`.
impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, bit) in self.bits().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match Feature::of_bit(bit) {
                Some(feature) if bit % 2 == 0 => write!(f, "{comma}{}!", feature.name)?,
                Some(feature) => write!(f, "{comma}{}", feature.name)?,
                None => write!(f, "{comma}{bit}")?,
            }
        }
        Ok(())
    }
}

/// A set feature that lacks what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingDependency {
    /// What is set.
    pub feature: &'static str,
    /// What should be set as well.
    pub dependency: &'static str,
}

impl fmt::Display for MissingDependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} needs {}", self.feature, self.dependency)
    }
}

const IN: &[Context] = &[Context::Init, Context::NodeAnnouncement];
const IN9: &[Context] = &[Context::Init, Context::NodeAnnouncement, Context::Invoice];
const INT: &[Context] = &[Context::Init, Context::NodeAnnouncement, Context::ChannelType];

const fn feature(even_bit: u32, name: &'static str, contexts: &'static [Context]) -> Feature {
    Feature { name, even_bit, contexts, dependencies: &[], assumed: false }
}

const fn assumed(even_bit: u32, name: &'static str) -> Feature {
    Feature { assumed: true, ..feature(even_bit, name, &[]) }
}

/// The table of BOLT 9, by ascending bit.
static FEATURES: &[Feature] = &[
    assumed(0, "option_data_loss_protect"),
    feature(4, "option_upfront_shutdown_script", IN),
    feature(6, "gossip_queries", &[]),
    assumed(8, "var_onion_optin"),
    feature(10, "gossip_queries_ex", IN),
    assumed(12, "option_static_remotekey"),
    assumed(14, "payment_secret"),
    Feature { dependencies: &["payment_secret"], ..feature(16, "basic_mpp", IN9) },
    feature(18, "option_support_large_channel", IN),
    feature(22, "option_anchors", INT),
    feature(24, "option_route_blinding", IN9),
    feature(26, "option_shutdown_anysegwit", IN),
    feature(28, "option_dual_fund", IN),
    feature(34, "option_quiesce", IN),
    feature(36, "option_attribution_data", IN9),
    feature(38, "option_onion_messages", IN),
    feature(42, "option_provide_storage", IN),
    assumed(44, "option_channel_type"),
    feature(46, "option_scid_alias", INT),
    feature(48, "option_payment_metadata", &[Context::Invoice]),
    Feature { dependencies: &["option_scid_alias"], ..feature(50, "option_zeroconf", INT) },
    Feature { dependencies: &["option_shutdown_anysegwit"], ..feature(60, "option_simple_close", IN) },
    feature(62, "option_splice", IN),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_is_in_order_and_knows_its_dependencies() {
        assert_eq!(FEATURES.len(), 23);
        assert!(FEATURES.windows(2).all(|pair| pair[0].even_bit < pair[1].even_bit));
        for feature in FEATURES {
            assert_eq!(feature.even_bit % 2, 0, "{}", feature.name);
            assert!(feature.dependencies.iter().all(|name| Feature::named(name).is_some()));
        }
    }

    #[test]
    fn bits_are_big_endian_and_minimal() {
        let anchors =
            FeatureSet::of(["option_static_remotekey", "option_anchors"], Strength::Required).unwrap();
        assert_eq!(anchors.to_wire(), [0x40, 0x10, 0x00]);
        assert_eq!(FeatureSet::from_wire(&[0, 0, 0x40, 0x10, 0]), anchors);
        assert_eq!(anchors.to_string(), "option_static_remotekey!, option_anchors!");
        assert_eq!(FeatureSet::new().to_wire(), []);
    }

    #[test]
    fn clearing_the_highest_bit_shortens() {
        let mut set = FeatureSet::from_wire(&[1, 0, 1]);
        set.clear_bit(16);
        assert_eq!(set.to_wire(), [1]);
    }

    #[test]
    fn either_bit_is_the_feature_and_the_even_one_requires_it() {
        let odd = FeatureSet::of(["gossip_queries"], Strength::Optional).unwrap();
        assert!(odd.has("gossip_queries") && !odd.requires("gossip_queries"));
        assert!(!odd.has("var_onion_optin") && odd.holds("var_onion_optin"));
        assert_eq!(
            FeatureSet::of(["gossip_query"], Strength::Optional),
            Err(UnknownFeature("gossip_query".to_owned()))
        );
    }

    #[test]
    fn a_dependency_is_missed_unless_it_is_assumed() {
        let set = FeatureSet::of(["basic_mpp", "option_zeroconf"], Strength::Optional).unwrap();
        let missing: Vec<String> = set.missing_dependencies().iter().map(ToString::to_string).collect();
        assert_eq!(missing, ["option_zeroconf needs option_scid_alias"]);
    }

    #[test]
    fn unknown_even_bits_are_told_and_odd_ones_are_not() {
        let mut set = FeatureSet::new();
        [2, 3, 21, 22, 100, 101].into_iter().for_each(|bit| set.set_bit(bit));
        assert_eq!(set.unknown_even(), [2, 100]);
    }

    proptest! {
        #[test]
        fn a_set_is_its_bits(bits in proptest::collection::btree_set(0_u32..2000, 0..40)) {
            let mut set = FeatureSet::new();
            bits.iter().for_each(|bit| set.set_bit(*bit));
            prop_assert_eq!(set.bits().collect::<std::collections::BTreeSet<_>>(), bits);
            prop_assert!(set.to_wire().first() != Some(&0));
            prop_assert_eq!(FeatureSet::from_wire(&set.to_wire()), set);
        }

        #[test]
        fn a_union_has_the_bits_of_both(one: [u8; 5], other: [u8; 3]) {
            let (one, other) = (FeatureSet::from_wire(&one), FeatureSet::from_wire(&other));
            let both = one.union(&other);
            prop_assert_eq!(&both, &other.union(&one));
            prop_assert!((0..50).all(|bit| both.has_bit(bit) == (one.has_bit(bit) || other.has_bit(bit))));
        }
    }
}
