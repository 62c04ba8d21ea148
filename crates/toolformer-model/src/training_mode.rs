//! What a projection does otherwise while its model is trained.

use burn::{
    module::{
        AutodiffModule, Content, Devices, EmptyRecord, HasAutodiffModule, Module, ModuleDisplay,
        ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
    },
    tensor::{
        Tensor,
        backend::{AutodiffBackend, Backend},
    },
};

use crate::{frozen_product::frozen_product, lora_dropout::Draw};

/// `x W` with a quantised `W`.
type Product<B> = fn(Tensor<B, 2>, Tensor<B, 2>) -> Tensor<B, 2>;

/// Chosen where the backend's kind is known: when a model is made one that learns, and when it is made one that does
/// not. So nothing of it is left in a model that only computes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrainingMode<B: Backend> {
    product: Product<B>,
    /// Which of LoRA's inputs are dropped in the next passes.
    pub(crate) draw: Option<Draw>,
}

impl<B: Backend> TrainingMode<B> {
    /// That of a model that only computes.
    pub(crate) fn off() -> Self {
        Self { product: |x, weight| x.matmul(weight), draw: None }
    }

    /// The product with a quantised weight.
    ///
    /// # Shapes
    /// - `x`: `[n, d_in]`
    /// - `weight`: `[d_in, d_out]`
    /// - returns `[n, d_out]`
    pub(crate) fn product(&self, x: Tensor<B, 2>, weight: Tensor<B, 2>) -> Tensor<B, 2> {
        (self.product)(x, weight)
    }
}

impl<B: AutodiffBackend> AutodiffModule<B> for TrainingMode<B> {
    type InnerModule = TrainingMode<B::InnerBackend>;

    fn valid(&self) -> Self::InnerModule {
        TrainingMode::off()
    }

    fn from_inner(_: Self::InnerModule) -> Self {
        Self { product: frozen_product::<B>, draw: None }
    }
}

impl<B: AutodiffBackend> HasAutodiffModule<B> for TrainingMode<B::InnerBackend> {
    type TrainModule = TrainingMode<B>;
}

/// It holds no parameters.
impl<B: Backend> Module<B> for TrainingMode<B> {
    type Record = EmptyRecord;

    fn collect_devices(&self, devices: Devices<B>) -> Devices<B> {
        devices
    }

    fn fork(self, _: &B::Device) -> Self {
        self
    }

    fn to_device(self, _: &B::Device) -> Self {
        self
    }

    fn visit<V: ModuleVisitor<B>>(&self, _: &mut V) {}

    fn map<M: ModuleMapper<B>>(self, _: &mut M) -> Self {
        self
    }

    fn load_record(self, _: EmptyRecord) -> Self {
        self
    }

    fn into_record(self) -> EmptyRecord {
        EmptyRecord::new()
    }
}

impl<B: Backend> ModuleDisplayDefault for TrainingMode<B> {
    fn content(&self, content: Content) -> Option<Content> {
        content.optional()
    }
}

impl<B: Backend> ModuleDisplay for TrainingMode<B> {}
