//! From text to a compiled expression: CEL's syntax, lowered to the parts that this language has.

use cel::common::ast::operators as op;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr as Cel, IdedExpr, LiteralValue, SourceInfo,
};
use cel::parser::Parser;
use std::ops::Range;

use super::Literal;
use super::functions::{self, Function};
use super::program::{Arithmetic, Comparison, Logic, Loop, Node, NodeKind};
use super::words;

/// What is wrong in an expression, and which bytes of its text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CompileError {
    pub span: Range<usize>,
    pub problem: String,
    /// Names to offer for a wrong one, as (wrong, right ones).
    pub known: Option<(String, Vec<&'static str>)>,
}

/// More than anyone writes; the parser's own work grows with it.
const LONGEST: usize = 4096;
const DEEPEST: u16 = 48;

/// Compiles `text`, the inside of a `${ }`.
///
/// # Errors
/// All syntax errors, or the first part that this language does not have.
pub(crate) fn compile(text: &str) -> Result<Node, Vec<CompileError>> {
    if text.len() > LONGEST {
        let problem = format!("an expression of more than {LONGEST} bytes");
        return Err(vec![CompileError { span: 0..text.len(), problem, known: None }]);
    }
    if text.trim().is_empty() {
        let problem = "there is no expression between `${` and `}`".to_owned();
        return Err(vec![CompileError { span: 0..text.len(), problem, known: None }]);
    }
    let parser = Parser::new().max_recursion_depth(DEEPEST);
    let (tree, info) = parser.parse_with_source_info(&words::hide(text)).map_err(|errors| {
        errors
            .errors
            .into_iter()
            .map(|error| {
                let start = offset_of(text, error.pos.0, error.pos.1);
                CompileError { span: start..start + 1, problem: syntax_problem(&error.msg), known: None }
            })
            .collect::<Vec<_>>()
    })?;
    Lowering { text, info }.node(tree).map_err(|error| vec![error])
}

/// The parser's message without the tokens it can't name.
fn syntax_problem(message: &str) -> String {
    let short = message.split(", expecting {").next().unwrap_or(message);
    let short = short.strip_prefix("Syntax error: ").unwrap_or(short);
    format!("this expression does not parse: {short}")
}

/// The byte that is at this 1-based line and column.
fn offset_of(text: &str, line: isize, column: isize) -> usize {
    let line = usize::try_from(line).unwrap_or(1).max(1);
    let column = usize::try_from(column).unwrap_or(1).max(1);
    let line_start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let in_line =
        text[line_start..].char_indices().nth(column - 1).map_or(text.len() - line_start, |(at, _)| at);
    line_start + in_line
}

struct Lowering<'a> {
    text: &'a str,
    info: SourceInfo,
}

type Lowered = Result<Node, CompileError>;

impl Lowering<'_> {
    fn node(&self, tree: IdedExpr) -> Lowered {
        let mut own = self.own_span(tree.id);
        if let Cel::Call(call) = &tree.expr
            && self.text[..own.start].ends_with(&call.func_name)
        {
            // The parser keeps the parenthesis.
            own.start -= call.func_name.len();
            own.end = own.start + call.func_name.len();
        }
        let kind = match tree.expr {
            Cel::Call(call) => self.call(call, &own)?,
            Cel::Comprehension(comprehension) => self.comprehension(*comprehension)?,
            Cel::Ident(name) => NodeKind::Name(words::reveal(name).into()),
            Cel::List(list) => NodeKind::List(self.nodes(list.elements)?),
            Cel::Literal(literal) => NodeKind::Literal(self.literal(literal, &own)?),
            Cel::Map(map) => {
                let mut entries = Vec::with_capacity(map.entries.len());
                for entry in map.entries {
                    let EntryExpr::MapEntry(entry) = entry.expr else {
                        return Err(self.error(&own, "only maps can be written here".to_owned()));
                    };
                    entries.push((self.node(entry.key)?, self.node(entry.value)?));
                }
                NodeKind::Map(entries)
            }
            Cel::Select(select) => {
                let operand = Box::new(self.node(*select.operand)?);
                if select.test {
                    NodeKind::Has(operand, words::reveal(select.field))
                } else {
                    NodeKind::Member(operand, words::reveal(select.field).into())
                }
            }
            Cel::Struct(made) => {
                return Err(self.error(&own, format!("there is no type `{}` to make", made.type_name)));
            }
            Cel::Unspecified => return Err(self.error(&own, "this expression does not parse".to_owned())),
        };
        let mut node = Node { kind, span: own };
        node.span = self.whole_span(&node);
        Ok(node)
    }

    fn nodes(&self, trees: Vec<IdedExpr>) -> Result<Vec<Node>, CompileError> {
        trees.into_iter().map(|tree| self.node(tree)).collect()
    }

    fn call(&self, call: CallExpr, own: &Range<usize>) -> Result<NodeKind, CompileError> {
        let name = call.func_name;
        let mut arguments =
            self.nodes(call.target.into_iter().map(|target| *target).chain(call.args).collect())?;
        if let Some(operator) = unary(&name) {
            return match arguments.pop() {
                Some(argument) if arguments.is_empty() => Ok(operator(Box::new(argument))),
                _ => Err(self.error(own, "this operator takes one value".to_owned())),
            };
        }
        if name == op::NOT_STRICTLY_FALSE {
            // The loop's condition is evaluated strictly: an error in it is one.
            return match arguments.pop() {
                Some(argument) => Ok(argument.kind),
                None => Err(self.error(own, "this operator takes one value".to_owned())),
            };
        }
        if name == op::CONDITIONAL {
            return match <[Node; 3]>::try_from(arguments) {
                Ok(parts) => Ok(NodeKind::Conditional(Box::new(parts))),
                Err(_) => Err(self.error(own, "`? :` takes three values".to_owned())),
            };
        }
        if let Some(operator) = binary(&name) {
            return match <[Node; 2]>::try_from(arguments) {
                Ok(pair) => Ok(operator(Box::new(pair))),
                Err(_) => Err(self.error(own, "this operator takes two values".to_owned())),
            };
        }
        match functions::find(&name) {
            Some(function) => {
                self.check_arity(function, arguments.len(), own)?;
                Ok(NodeKind::Call(function, arguments))
            }
            None => Err(CompileError {
                span: own.clone(),
                problem: format!("there is no function `{name}`"),
                known: Some((name, functions::names().collect())),
            }),
        }
    }

    fn check_arity(&self, function: &Function, given: usize, own: &Range<usize>) -> Result<(), CompileError> {
        if function.takes(given) {
            return Ok(());
        }
        Err(self.error(own, format!("`{}` is called as `{}`", function.name, function.signature())))
    }

    fn comprehension(&self, inner: ComprehensionExpr) -> Result<NodeKind, CompileError> {
        Ok(NodeKind::Loop(Box::new(Loop {
            range: self.node(inner.iter_range)?,
            variable: words::reveal(inner.iter_var).into(),
            result_variable: inner.accu_var.into(),
            start: self.node(inner.accu_init)?,
            condition: self.node(inner.loop_cond)?,
            step: self.node(inner.loop_step)?,
            result: self.node(inner.result)?,
        })))
    }

    fn literal(&self, literal: LiteralValue, own: &Range<usize>) -> Result<Literal, CompileError> {
        Ok(match literal {
            LiteralValue::Boolean(value) => Literal::Bool(*value.inner()),
            LiteralValue::Int(value) => Literal::Int((*value.inner()).into()),
            LiteralValue::String(value) => Literal::Text(value.inner().into()),
            LiteralValue::UInt(value) => Literal::Int((*value.inner()).into()),
            LiteralValue::Bytes(_) => {
                return Err(self.error(own, "bytes are written as hex in quotes".to_owned()));
            }
            LiteralValue::Double(_) => return Err(self.error(own, "there are no fractions".to_owned())),
            LiteralValue::Null => return Err(self.error(own, "there is no null".to_owned())),
        })
    }

    /// The bytes of the token that the parser keeps for this node.
    fn own_span(&self, id: u64) -> Range<usize> {
        // The parser counts characters, its stop is inclusive.
        let byte = |char: usize| self.text.char_indices().nth(char).map_or(self.text.len(), |(at, _)| at);
        match self.info.offset_for(id) {
            Some((start, stop)) => {
                let start = byte(start as usize);
                start..byte(stop as usize + 1).max(start)
            }
            None => 0..self.text.len(),
        }
    }

    /// From the first byte of a node's first part to the last one's last.
    fn whole_span(&self, node: &Node) -> Range<usize> {
        let mut span = node.span.clone();
        node.for_each_part(&mut |part| {
            span.start = span.start.min(part.span.start);
            span.end = span.end.max(part.span.end);
        });
        if let NodeKind::Call(..) = &node.kind
            && let Some(close) = self.text[span.end..].find(')')
            && self.text[span.end..span.end + close].trim().is_empty()
        {
            span.end += close + 1;
        }
        if let NodeKind::Member(operand, name) = &node.kind
            && let Some(after) = self.text[operand.span.end..].find(&**name)
        {
            // The parser keeps the dot.
            span.end = operand.span.end + after + name.len();
        }
        span
    }

    fn error(&self, span: &Range<usize>, problem: String) -> CompileError {
        CompileError { span: span.clone(), problem, known: None }
    }
}

/// What makes a node of an operator's values.
type Unary = fn(Box<Node>) -> NodeKind;
type Binary = fn(Box<[Node; 2]>) -> NodeKind;

fn unary(name: &str) -> Option<Unary> {
    Some(match name {
        op::LOGICAL_NOT => NodeKind::Not,
        op::NEGATE => NodeKind::Negate,
        _ => return None,
    })
}

fn binary(name: &str) -> Option<Binary> {
    use NodeKind::{Arithmetic as Reckon, Compare, Logic as Join};
    Some(match name {
        op::ADD => |pair| Reckon(Arithmetic::Add, pair),
        op::DIVIDE => |pair| Reckon(Arithmetic::Divide, pair),
        op::EQUALS => |pair| Compare(Comparison::Equal, pair),
        op::GREATER => |pair| Compare(Comparison::More, pair),
        op::GREATER_EQUALS => |pair| Compare(Comparison::MoreOrEqual, pair),
        op::IN => NodeKind::In,
        op::INDEX => NodeKind::Index,
        op::LESS => |pair| Compare(Comparison::Less, pair),
        op::LESS_EQUALS => |pair| Compare(Comparison::LessOrEqual, pair),
        op::LOGICAL_AND => |pair| Join(Logic::And, pair),
        op::LOGICAL_OR => |pair| Join(Logic::Or, pair),
        op::MODULO => |pair| Reckon(Arithmetic::Modulo, pair),
        op::MULTIPLY => |pair| Reckon(Arithmetic::Multiply, pair),
        op::NOT_EQUALS => |pair| Compare(Comparison::NotEqual, pair),
        op::SUBSTRACT => |pair| Reckon(Arithmetic::Subtract, pair),
        _ => return None,
    })
}
