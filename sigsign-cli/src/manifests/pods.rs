//! Where objects of a cluster have their pods, and pods their images.
//!
//! Spec: Kubernetes API, PodSpec, PodTemplateSpec, CronJobSpec, List

use std::collections::HashSet;

use super::yaml::{Malformed, Node, Value};

/// What is found in one object, each with its line.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) images: Vec<(String, usize)>,
    /// What is called an image and is none of a pod.
    pub(super) others: Vec<(String, usize)>,
}

impl Found {
    /// Looks at an object, or at all objects of a list.
    pub(super) fn look(&mut self, object: &Node) -> Result<(), Malformed> {
        let kind = object.get("kind").and_then(Node::text);
        let is_list = kind.is_some_and(|it| it.ends_with("List"));
        if let Some(items) = object.get("items").filter(|_| is_list) {
            let items = list(items, "wanted a list of objects")?;
            return items.iter().try_for_each(|it| self.look(it));
        }
        let before = self.images.len();
        let specs: Vec<&Node> = TEMPLATES.iter().filter_map(|it| at(object, it)).collect();
        for spec in specs {
            self.pod(spec)?;
        }
        let found = self.images.iter().skip(before);
        let lines: HashSet<usize> = found.map(|(_, line)| *line).collect();
        self.look_elsewhere(object, "", &lines);
        Ok(())
    }

    fn pod(&mut self, spec: &Node) -> Result<(), Malformed> {
        for name in ["initContainers", "containers", "ephemeralContainers"] {
            let Some(containers) = spec.get(name) else {
                continue;
            };
            for container in list(containers, "wanted a list of containers")? {
                self.image(container.get("image"))?;
            }
        }
        if let Some(volumes) = spec.get("volumes") {
            for volume in list(volumes, "wanted a list of volumes")? {
                self.image(at(volume, &["image", "reference"]))?;
            }
        }
        Ok(())
    }

    /// An image may be left out: a controller may fill it in.
    fn image(&mut self, image: Option<&Node>) -> Result<(), Malformed> {
        match image.map(|it| (&it.value, it.line)) {
            None => Ok(()),
            Some((Value::Text(image), _)) if image.is_empty() => Ok(()),
            Some((Value::Text(image), line)) => {
                self.images.push((image.clone(), line));
                Ok(())
            }
            Some((_, line)) => Err(Malformed {
                line,
                problem: "wanted the name of an image".to_owned(),
            }),
        }
    }

    /// Whatever is called an image, in a line where none was found.
    fn look_elsewhere(&mut self, node: &Node, path: &str, lines: &HashSet<usize>) {
        match &node.value {
            Value::List(nodes) => {
                for (number, node) in nodes.iter().enumerate() {
                    self.look_elsewhere(node, &format!("{path}/{number}"), lines);
                }
            }
            Value::Map(members) => {
                for (name, node) in members.iter() {
                    let path = format!("{path}/{name}");
                    let is_called_so = name == "image" || name.ends_with("Image");
                    // As a volume has it.
                    let line = node.get("reference").unwrap_or(node).line;
                    if !is_called_so {
                        self.look_elsewhere(node, &path, lines);
                    } else if !lines.contains(&line) {
                        self.other(node, path);
                    }
                }
            }
            Value::Nothing | Value::Text(_) => {}
        }
    }

    fn other(&mut self, node: &Node, path: String) {
        let what = match &node.value {
            Value::Nothing => return,
            Value::Text(text) if text.is_empty() => return,
            Value::Text(text) => format!("{path} ({text})"),
            _ => path,
        };
        self.others.push((what, node.line));
    }
}

fn at<'a>(node: &'a Node, path: &[&str]) -> Option<&'a Node> {
    path.iter().try_fold(node, |node, name| node.get(name))
}

fn list<'a>(node: &'a Node, wanted: &str) -> Result<&'a [Node], Malformed> {
    node.items().ok_or_else(|| Malformed {
        line: node.line,
        problem: wanted.to_owned(),
    })
}

/// Where objects have the specification of their pods.
const TEMPLATES: [&[&str]; 4] = [
    &["spec"],
    &["spec", "template", "spec"],
    &["spec", "jobTemplate", "spec", "template", "spec"],
    &["template", "spec"],
];
