//! YAML as the programs of a cluster read it: several documents, anchors, merged fields.
//!
//! Spec: YAML 1.2.2; the merge key of YAML 1.1, which those programs know

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

/// One value, and the line where it starts.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    List(Rc<Vec<Node>>),
    Map(Rc<Vec<(String, Node)>>),
    Nothing,
    Text(String),
}

/// Why a file cannot be read, and the line where.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) line: usize,
    pub(crate) problem: String,
}

impl Node {
    /// A field; `None` if there is none, or nothing in it.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Value::Map(members) = &self.value else {
            return None;
        };
        let (_, node) = members.iter().find(|(it, _)| it == name)?;
        (!matches!(node.value, Value::Nothing)).then_some(node)
    }

    /// The text, if it is some.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What is in it, if it is a list.
    pub(crate) fn items(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(nodes) => Some(nodes),
            _ => None,
        }
    }

    /// Its fields, if it is a map.
    pub(crate) fn members(&self) -> &[(String, Self)] {
        match &self.value {
            Value::Map(members) => members,
            _ => &[],
        }
    }
}

/// Reads every document of a file.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Node>, Malformed> {
    let text = str::from_utf8(bytes).map_err(|_| Malformed {
        line: 1,
        problem: "not UTF-8".to_owned(),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        line: 1,
        anchors: HashMap::new(),
        deepest: 0,
        nodes: 0,
    };
    let mut documents = Vec::new();
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(documents),
            Event::DocumentStart(_) => {
                reader.anchors.clear();
                let event = reader.next()?;
                documents.push(reader.node(event, 0)?);
            }
            _ => {}
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Where the last event starts.
    line: usize,
    anchors: HashMap<usize, Anchored>,
    /// The deepest level of the value that is read.
    deepest: usize,
    /// How many there are, those of aliases each time.
    nodes: usize,
}

/// What an anchor names.
#[derive(Clone)]
struct Anchored {
    node: Node,
    /// How many values are in it.
    nodes: usize,
    /// How many levels are below it.
    levels: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, Malformed> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.line = span.start.line();
                Ok(event)
            }
            Some(Err(error)) => Err(Malformed {
                line: error.marker().line(),
                problem: error.info().to_owned(),
            }),
            None => Ok(Event::StreamEnd),
        }
    }

    fn wrong(&self, problem: impl Into<String>) -> Malformed {
        Malformed {
            line: self.line,
            problem: problem.into(),
        }
    }

    fn count(&mut self, more: usize) -> Result<(), Malformed> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > NODES {
            return Err(self.wrong(format!("more than {NODES} values")));
        }
        Ok(())
    }

    /// The value that `event` starts; recursion ends at the cap of levels.
    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Node, Malformed> {
        self.check_depth(depth)?;
        let (before, deepest) = (self.nodes, std::mem::replace(&mut self.deepest, depth));
        self.count(1)?;
        let line = self.line;
        let (anchor, value) = match event {
            Event::Alias(id) => {
                let node = self.alias(id, depth);
                self.deepest = self.deepest.max(deepest);
                return node;
            }
            Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_))
            | Event::Scalar(_, _, _, Some(_)) => {
                return Err(self.wrong("a tag, which nobody's manifests need"));
            }
            Event::SequenceStart(anchor, _) => (anchor, Value::List(Rc::new(self.list(depth)?))),
            Event::MappingStart(anchor, _) => (anchor, Value::Map(Rc::new(self.map(depth)?))),
            Event::Scalar(text, style, anchor, _) => (anchor, scalar(&text, style)),
            _ => return Err(self.wrong("no document")),
        };
        let node = Node { line, value };
        if anchor != 0 {
            let anchored = Anchored {
                node: node.clone(),
                nodes: self.nodes.saturating_sub(before),
                levels: self.deepest.saturating_sub(depth),
            };
            self.anchors.insert(anchor, anchored);
        }
        self.deepest = self.deepest.max(deepest);
        Ok(node)
    }

    fn check_depth(&self, depth: usize) -> Result<(), Malformed> {
        if depth > DEPTH {
            return Err(self.wrong(format!("deeper than {DEPTH} levels")));
        }
        Ok(())
    }

    /// What an alias stands for; an anchor is known once what it names is read.
    fn alias(&mut self, id: usize, depth: usize) -> Result<Node, Malformed> {
        let known = self.anchors.get(&id).cloned();
        let known = known.ok_or_else(|| self.wrong("an alias of something that is not whole"))?;
        self.count(known.nodes)?;
        self.deepest = depth.saturating_add(known.levels);
        self.check_depth(self.deepest)?;
        Ok(known.node)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Malformed> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(nodes),
                event => nodes.push(self.node(event, depth.saturating_add(1))?),
            }
        }
    }

    /// The fields of a map, then those merged into it that it does not have itself.
    fn map(&mut self, depth: usize) -> Result<Vec<(String, Node)>, Malformed> {
        let mut members: Vec<(String, Node)> = Vec::new();
        let mut names = HashSet::new();
        let mut merged = Vec::new();
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let is_merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let line = self.line;
            let key = self.node(event, depth.saturating_add(1))?;
            let name = match key.value {
                Value::Text(name) => name,
                Value::Nothing => String::new(),
                _ => return Err(self.wrong("the name of a field is not text")),
            };
            if !is_merge && !names.insert(name.clone()) {
                let problem = format!("{name} is there twice");
                return Err(Malformed { line, problem });
            }
            let event = self.next()?;
            let node = self.node(event, depth.saturating_add(1))?;
            if is_merge {
                merged.push(node);
            } else {
                members.push((name, node));
            }
        }
        for node in merged {
            self.merge(&node, &mut members, &mut names)?;
        }
        Ok(members)
    }

    /// Of several maps, the first that has a field gives it.
    fn merge(
        &mut self,
        node: &Node,
        members: &mut Vec<(String, Node)>,
        names: &mut HashSet<String>,
    ) -> Result<(), Malformed> {
        let maps: Vec<&Node> = match &node.value {
            Value::List(nodes) => nodes.iter().collect(),
            _ => vec![node],
        };
        for map in maps {
            let Value::Map(more) = &map.value else {
                return Err(self.wrong("wanted a map to merge"));
            };
            self.count(more.len())?;
            for (name, node) in more.iter() {
                if names.insert(name.clone()) {
                    members.push((name.clone(), node.clone()));
                }
            }
        }
        Ok(())
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let is_plain = style == ScalarStyle::Plain;
    match text {
        "" | "~" | "null" | "Null" | "NULL" if is_plain => Value::Nothing,
        text => Value::Text(text.to_owned()),
    }
}

/// Levels of nesting. Ours; those of Kubernetes' own kinds stay far below.
const DEPTH: usize = 100;

/// Values of one file, aliases resolved. Ours.
const NODES: usize = 1_000_000;
