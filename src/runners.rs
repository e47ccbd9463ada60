//! The bundled runners, the default one first. The program, the tests and the benchmarks share this list.

use lnprototest_harness::Product;

/// A product with each runner that this build has.
pub fn product() -> Product {
    let product = Product::new();
    #[cfg(feature = "ldk")]
    let product = product.runner(lnprototest_runner_ldk::LdkRunner::new());
    #[cfg(feature = "clightning")]
    let product = product.runner(lnprototest_runner_clightning::ClightningRunner::new());
    #[cfg(feature = "lampo")]
    let product = product.runner(lnprototest_runner_lampo::LampoRunner::new());
    product
}
