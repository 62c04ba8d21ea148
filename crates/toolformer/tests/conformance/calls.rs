//! Decoding with a tool in the loop: the same texts, the same calls.

use toolformer::{
    burn::tensor::backend::Backend,
    decode::{CallSettings, GenerateSettings, Prompt, Sampling, ToolUse, Tools, generate},
    device::OnDevice,
    model::Pretrained,
    text::{Registry, Syntax},
    tools::Calculator,
};

use crate::device::{both, fixture};

const PROMPTS: usize = 48;

#[derive(Clone)]
struct Decode;

impl OnDevice for Decode {
    /// The completions, and how many calls were executed.
    type Output = (Vec<String>, usize);

    fn run<B: Backend>(self, device: &B::Device) -> (Vec<String>, usize) {
        let loaded = Pretrained::<B>::open(&fixture("calling_llama"), device).unwrap();
        let mut registry = Registry::new();
        registry.insert(Calculator).unwrap();
        let (syntax, clock) = (Syntax::default(), || 0.0);
        let tools = ToolUse::new(&registry, &syntax, &clock)
            .with(CallSettings { max_calls: 2, ..CallSettings::default() });
        let prompt = |number: usize| Prompt {
            key: number.to_string(),
            ids: loaded.tokenizer.encode(["12 * 3", "the cat 3 + 12 is", "12 - 3 is"][number % 3]).unwrap(),
        };
        let prompts: Vec<Prompt> = (0..PROMPTS).map(prompt).collect();
        // Drawn, not greedy: the tiny model writes a call's arrow now and then only.
        let settings = GenerateSettings {
            max_tokens: 32,
            sampling: Sampling::at_temperature(1.0),
            ..GenerateSettings::default()
        };
        let tools = Tools::Enabled(tools);
        let done = generate(&loaded.model, &loaded.tokenizer, &prompts, &settings, &tools).unwrap();
        let calls = done.iter().flat_map(|generation| &generation.calls);
        let executed = calls.filter(|call| call.result.is_some()).count();
        (done.into_iter().map(|generation| generation.completion).collect(), executed)
    }
}

#[test]
fn tool_decoding() {
    let [(found, executed), (expected, expected_executed)] = both(&Decode);
    assert!(expected_executed > 0, "no call was executed");
    let same = found.iter().zip(&expected).filter(|(found, expected)| found == expected).count();
    println!("tool decoding: {same} of {PROMPTS} texts equal, {executed} calls executed\n");
    assert_eq!(found, expected);
    assert_eq!(executed, expected_executed);
}
