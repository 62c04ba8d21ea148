//! Functions with typed parameters as tools.

use std::{fmt, future::Future, marker::PhantomData, time::Duration};

use serde_json::Value;

use crate::{
    ArgumentValue, AsyncTool, Parameter, ParameterType, Parameters, Tool, ToolError, ToolFuture, ToolOutput,
};

/// A tool made from a function or closure of up to eight parameters, which are read from the call by their
/// types: [`ArgumentValue`] lists those that there are, [`ToolOutput`] what may be returned. Arguments come by
/// position or by name, see [`Parameters::bind`].
///
/// With [`TypedTool::new`] it is a [`Tool`], with [`TypedTool::new_async`] an [`AsyncTool`].
///
/// ```
/// use toolformer_text::{Tool, TypedTool};
///
/// let share = |part: f64, whole: f64, digits: Option<i64>| {
///     let digits = digits.unwrap_or(1).clamp(0, 9) as usize;
///     format!("{:.digits$} %", 100.0 * part / whole)
/// };
/// let share = TypedTool::new("Share", "a share in per cent", ["part", "whole", "digits"], share);
/// assert_eq!(share.call("400, 1400")?, "28.6 %");
/// assert_eq!(share.call("digits = 0, part = 400, whole = 1400")?, "29 %");
/// assert_eq!(
///     share.call("400, many").unwrap_err().to_string(),
///     "bad arguments: parameter `whole` is of type number, not `many`; write digits, such as 42 or 0.5"
/// );
/// # Ok::<(), toolformer_text::ToolError>(())
/// ```
pub struct TypedTool<F, Args> {
    name: String,
    description: String,
    parameters: Parameters,
    timeout: Option<Duration>,
    fingerprint: String,
    pure: bool,
    function: F,
    arguments: PhantomData<fn(Args)>,
}

/// A function of up to eight parameters whose types are the tuple `Args`. Made for closures and functions; there
/// is no need to implement it.
pub trait TypedFunction<Args>: Send + Sync {
    /// The names of its parameters.
    type Names: IntoIterator<Item = &'static str>;

    /// What the function returns.
    type Output;

    /// For each parameter, what it holds and whether a call must give it.
    fn types() -> Vec<(ParameterType, bool)>;

    /// Reads the arguments and calls the function.
    ///
    /// # Errors
    /// If the arguments do not fit the parameters.
    fn apply(&self, parameters: &Parameters, args: &str) -> Result<Self::Output, ToolError>;
}

impl<F, Args> TypedTool<F, Args>
where
    F: TypedFunction<Args, Output: ToolOutput>,
{
    /// A tool called `name` that runs `function`; `names` are those of its parameters.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        names: F::Names,
        function: F,
    ) -> Self {
        Self::made(name.into(), description.into(), names, function)
    }
}

impl<F, Args> TypedTool<F, Args>
where
    F: TypedFunction<Args, Output: Future<Output: ToolOutput> + Send>,
{
    /// A tool called `name` that runs the asynchronous `function`; `names` are those of its parameters. See
    /// [`AsyncTool`] for where its future runs.
    ///
    /// ```
    /// use toolformer_text::{Registry, TypedTool};
    /// let mut tools = Registry::new();
    /// tools.insert_async(TypedTool::new_async("Half", "", ["n"], async |n: f64| n / 2.0))?;
    /// assert_eq!(tools.call("Half", "3")?, "1.5");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new_async(
        name: impl Into<String>,
        description: impl Into<String>,
        names: F::Names,
        function: F,
    ) -> Self {
        Self::made(name.into(), description.into(), names, function)
    }
}

impl<F: TypedFunction<Args>, Args> TypedTool<F, Args> {
    fn made(name: String, description: String, names: F::Names, function: F) -> Self {
        let of_type = |(name, (kind, required)): (&str, _)| {
            let parameter = Parameter::new(name, kind);
            if required { parameter } else { parameter.optional() }
        };
        let parameters = Parameters::new(names.into_iter().zip(F::types()).map(of_type));
        Self {
            name,
            description,
            parameters,
            timeout: None,
            fingerprint: String::new(),
            pure: false,
            function,
            arguments: PhantomData,
        }
    }

    /// Says what a parameter means; a name that is no parameter's is passed over.
    #[must_use]
    pub fn describe(mut self, parameter: &str, description: impl Into<String>) -> Self {
        self.parameters.describe(parameter, description.into());
        self
    }

    /// Sets [`Tool::fingerprint`].
    #[must_use]
    pub fn with_fingerprint(self, fingerprint: impl Into<String>) -> Self {
        Self { fingerprint: fingerprint.into(), ..self }
    }

    /// Gives every call at most `timeout`.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Says that the function only computes; see [`Tool::is_pure`].
    #[must_use]
    pub fn pure(self) -> Self {
        Self { pure: true, ..self }
    }
}

impl<F, Args> Tool for TypedTool<F, Args>
where
    F: TypedFunction<Args, Output: ToolOutput>,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn parameters(&self) -> Parameters {
        self.parameters.clone()
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn is_pure(&self) -> bool {
        self.pure
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        self.function.apply(&self.parameters, args)?.into_result()
    }
}

impl<F, Args> AsyncTool for TypedTool<F, Args>
where
    F: TypedFunction<Args, Output: Future<Output: ToolOutput> + Send>,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn parameters(&self) -> Parameters {
        self.parameters.clone()
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn call<'a>(&'a self, args: &'a str) -> ToolFuture<'a> {
        let started = self.function.apply(&self.parameters, args);
        Box::pin(async move { started?.await.into_result() })
    }
}

impl<F, Args> fmt::Debug for TypedTool<F, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedTool")
            .field("name", &self.name)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

const fn only_the_last_is_raw(raw: &[bool]) {
    let mut place = 1;
    while place < raw.len() {
        assert!(!raw[place - 1], "only the last parameter of a tool can be `Raw`: it takes all that is left");
        place += 1;
    }
}

/// The values of all parameters, in order.
fn values<const N: usize>(parameters: &Parameters, args: &str) -> Result<[Option<Value>; N], ToolError> {
    let mut bound = parameters.bind(args)?;
    let list = parameters.as_slice();
    // A function has as many parameters as it has names.
    Ok(std::array::from_fn(|place| list.get(place).and_then(|parameter| bound.remove(&parameter.name))))
}

fn read<T: ArgumentValue>(value: Option<Value>) -> Result<T, ToolError> {
    T::from_bound(value).ok_or_else(|| ToolError::bad_arguments("an argument has another type"))
}

macro_rules! typed_function {
    ($count:literal $($type:ident $value:ident)*) => {
        impl<Function, Output, $($type: ArgumentValue),*> TypedFunction<($($type,)*)> for Function
        where
            Function: Fn($($type),*) -> Output + Send + Sync,
        {
            type Names = [&'static str; $count];
            type Output = Output;

            fn types() -> Vec<(ParameterType, bool)> {
                const { only_the_last_is_raw(&[$($type::IS_RAW),*]) };
                vec![$(($type::parameter_type(), $type::is_required())),*]
            }

            fn apply(&self, parameters: &Parameters, args: &str) -> Result<Output, ToolError> {
                let [$($value),*] = values(parameters, args)?;
                Ok(self($(read($value)?),*))
            }
        }
    };
}

typed_function!(0);
typed_function!(1 A a);
typed_function!(2 A a B b);
typed_function!(3 A a B b C c);
typed_function!(4 A a B b C c D d);
typed_function!(5 A a B b C c D d E e);
typed_function!(6 A a B b C c D d E e G g);
typed_function!(7 A a B b C c D d E e G g H h);
typed_function!(8 A a B b C c D d E e G g H h I i);
