//! Images that the manifests of a cluster name.
//!
//! In: files of YAML or JSON, as `kubectl apply` takes them. Out: the images of all pods that come of
//! them, in full, and the lines that name them. Not here: templates, which have to be rendered first.
//!
//! What looks like an image and is none of a pod that we know is named in a warning: it would run
//! without having been looked at.

mod pods;
pub(crate) mod yaml;

use std::path::{Path, PathBuf};

use sigsign_core::oci::Reference;

use crate::files::{Document, shown};
use crate::plan::image::Name;
use crate::problem::Problem;
use crate::report::Source;

/// What manifests name.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// Each once, in the order in which they are named first.
    pub(crate) images: Vec<Name>,
    pub(crate) warnings: Vec<String>,
}

/// Reads all of them; that none of them names an image is a mistake.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Named, Problem> {
    let mut named = Named::default();
    for path in paths {
        let bytes = Document::Manifests.read(path)?;
        read_one(path, &bytes, &mut named)?;
    }
    if named.images.is_empty() && !paths.is_empty() {
        let paths: Vec<String> = paths.iter().map(|it| shown(it)).collect();
        let sentence = format!("no image is named in {}", paths.join(", "));
        return Err(Problem::input("manifests.no-image", sentence).hint(
            "pods, and what has a template of them, name images in containers, initContainers and \
             volumes",
        ));
    }
    Ok(named)
}

fn read_one(path: &Path, bytes: &[u8], named: &mut Named) -> Result<(), Problem> {
    let file = shown(path);
    let documents = yaml::read(bytes).map_err(|error| {
        let sentence = format!("{file}:{}: {}", error.line, error.problem);
        let problem = Problem::input("manifests.yaml", sentence);
        match looks_like_template(bytes) {
            true => problem.hint(
                "that looks like a template: `helm template . | sigsign image verify \
                 --from-manifests - ..` verifies what it makes",
            ),
            false => problem,
        }
    })?;
    for document in &documents {
        let mut found = pods::Found::default();
        found.look(document).map_err(|error| {
            let sentence = format!("{file}:{}: {}", error.line, error.problem);
            Problem::input("manifests.shape", sentence)
        })?;
        for (image, line) in found.images {
            let path = file.clone();
            add(&image, Source { path, line }, named)?;
        }
        for (what, line) in found.others {
            named.warnings.push(format!(
                "{file}:{line}: {what} is not looked at: it is not where pods name their images"
            ));
        }
    }
    Ok(())
}

/// Names are read as the cluster reads them.
fn add(image: &str, source: Source, named: &mut Named) -> Result<(), Problem> {
    let reference = Reference::expand(image).map_err(|error| {
        let sentence = format!("{source}: {image}: {error}");
        Problem::input(error.code(), sentence)
    })?;
    let text = reference.to_string();
    let is_full = named.images.len() >= IMAGES;
    match named.images.iter_mut().find(|it| it.text == text) {
        Some(known) => known.sources.push(source),
        None if is_full => {
            let sentence = format!("{source}: more than {IMAGES} images are named");
            return Err(Problem::input("manifests.too-many", sentence));
        }
        None => {
            let name = Name::of_reference(reference, vec![source]);
            named.images.push(name);
        }
    }
    Ok(())
}

fn looks_like_template(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|it| it == b"{{")
}

/// Images that are verified at once. Ours; a release of a whole platform has some hundreds.
const IMAGES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn named(yaml: &str) -> Result<Named, Problem> {
        let mut named = Named::default();
        read_one(Path::new("k.yaml"), yaml.as_bytes(), &mut named)?;
        Ok(named)
    }

    fn images(yaml: &str) -> Vec<(String, Vec<usize>)> {
        let named = named(yaml).unwrap();
        let lines = |it: &Name| it.sources.iter().map(|it| it.line).collect();
        let all = named.images.iter();
        all.map(|it| (it.text.clone(), lines(it))).collect()
    }

    #[test]
    fn accepts_every_place_that_a_pod_can_be_in() {
        let spec = "{initContainers: [{image: a.b/i:1}], containers: [{image: nginx}, {name: x}], \
                    ephemeralContainers: [{image: a.b/e:1}], volumes: [{emptyDir: {}}, {image: {reference: 'a.b/v:1'}}]}";
        for yaml in [
            format!("kind: Pod\nspec: {spec}\n"),
            format!("kind: Deployment\nspec: {{template: {{spec: {spec}}}}}\n"),
            format!(
                "kind: CronJob\nspec: {{jobTemplate: {{spec: {{template: {{spec: {spec}}}}}}}}}\n"
            ),
            format!("kind: PodTemplate\ntemplate: {{spec: {spec}}}\n"),
            format!("kind: List\nitems:\n- {{kind: List, items: [{{kind: Pod, spec: {spec}}}]}}\n"),
            format!(
                "# nothing\n---\n---\nkind: ConfigMap\ndata: {{}}\n---\nkind: Pod\nspec: {spec}\n...\n"
            ),
        ] {
            let images = images(&yaml);
            let found: Vec<&str> = images.iter().map(|(image, _)| &**image).collect();

            let want = [
                "a.b/i:1",
                "docker.io/library/nginx:latest",
                "a.b/e:1",
                "a.b/v:1",
            ];
            assert_eq!(want, *found, "{yaml}");
        }
    }

    #[test]
    fn accepts_an_image_once_with_every_line_that_names_it() {
        let yaml = "kind: Pod\nspec:\n  containers:\n  - image: nginx\n---\nkind: Pod\nspec:\n  containers:\n  \
                    - name: a\n    image: docker.io/library/nginx:latest\n";

        let want = vec![("docker.io/library/nginx:latest".to_owned(), vec![4, 10])];
        assert_eq!(want, images(yaml));
    }

    /// As the reader of the cluster's own programs does.
    #[test]
    fn accepts_anchors_and_merged_fields() {
        let yaml = "x: &c {image: 'a.b/c:1'}\ny: &d\n  <<: *c\n  name: d\nkind: Pod\nspec:\n  containers:\n  \
                    - *c\n  - <<: [*d]\n    image: a.b/other:1\n  - {<<: *d, name: e}\n";
        let found: Vec<String> = images(yaml).into_iter().map(|(it, _)| it).collect();

        assert_eq!(["a.b/c:1", "a.b/other:1"].map(str::to_owned), *found);
    }

    #[test]
    fn accepts_json() {
        let json = r#"{"kind":"Pod","spec":{"containers":[{"image":"a.b/c:1"}]}}"#;

        assert_eq!(vec![("a.b/c:1".to_owned(), vec![1])], images(json));
    }

    #[test]
    fn warns_of_images_that_are_somewhere_else() {
        let yaml = "kind: Pod\nspec:\n  containers:\n  - image: a.b/c:1\n---\nkind: Thing\nspec:\n  image: a.b/d:1\n  \
                    agent:\n    sidecarImage: a.b/e:1\n    image: {repository: a.b/f}\n";

        let warnings = named(yaml).unwrap().warnings;

        let of = |line, what| {
            format!(
                "k.yaml:{line}: {what} is not looked at: it is not where pods name their images"
            )
        };
        let want = [
            of(8, "/spec/image (a.b/d:1)"),
            of(10, "/spec/agent/sidecarImage (a.b/e:1)"),
            of(11, "/spec/agent/image"),
        ];
        assert_eq!(want.to_vec(), warnings);
    }

    #[test]
    fn rejects_more_images_than_anybody_deploys() {
        let pod = |it: usize| format!("  - image: a.b/c:{it}\n");
        let all: String = (0..=IMAGES).map(pod).collect();

        let problem = named(&format!("spec:\n  containers:\n{all}")).unwrap_err();

        assert_eq!("manifests.too-many", problem.code);
    }

    #[test]
    fn rejects_what_is_deep_by_its_aliases() {
        // Each is fifty levels deep, and has the one before at its bottom.
        let nest = |it: usize, inside: String| {
            let (open, close) = ("[".repeat(50), "]".repeat(50));
            format!("a{it}: &a{it} {open}{inside}{close}\n")
        };
        let deep = |count| -> String {
            let more = (1..count).map(|it| nest(it, format!("*a{}", it - 1)));
            nest(0, "x".to_owned()) + &more.collect::<String>()
        };

        let problem = named(&deep(100)).unwrap_err();

        assert_eq!("manifests.yaml", problem.code);
        assert!(problem.sentences[0].ends_with("k.yaml:2: deeper than 100 levels"));
        assert!(named(&deep(1)).is_ok());
    }

    #[test]
    fn rejects_what_cannot_be_read() {
        let bomb = "a0: &a0 [x, x]\n".to_owned()
            + &(1..40)
                .map(|it| format!("a{it}: &a{it} [*a{}, *a{}]\n", it - 1, it - 1))
                .collect::<String>();
        for (yaml, code, said) in [
            ("a: [\n", "manifests.yaml", "k.yaml:"),
            (
                "a: 1\na: 2\n",
                "manifests.yaml",
                "k.yaml:2: a is there twice",
            ),
            ("a: *b\n", "manifests.yaml", "k.yaml:1:"),
            ("a: !x b\n", "manifests.yaml", "k.yaml:1: a tag"),
            (
                "a: &b [*b]\n",
                "manifests.yaml",
                "k.yaml:1: an alias of something that is not whole",
            ),
            (&*bomb, "manifests.yaml", "more than"),
            (&*"[".repeat(200), "manifests.yaml", "deeper than"),
            (
                "spec: {containers: {image: x}}\n",
                "manifests.shape",
                "k.yaml:1: wanted a list of containers",
            ),
            (
                "spec:\n  containers:\n  - image: [x]\n",
                "manifests.shape",
                "k.yaml:3: wanted the name of an image",
            ),
            (
                "spec:\n  containers:\n  - image: a.b/C:1\n",
                "reference.part",
                "k.yaml:3: a.b/C:1: not a repository",
            ),
            (
                "spec: {containers: [{image: '{{ .Values.image }}'}]}\n",
                "reference.part",
                "k.yaml:1",
            ),
        ] {
            let problem = named(yaml).unwrap_err();

            assert_eq!(code, problem.code, "{yaml}");
            assert!(problem.sentences[0].contains(said), "{problem:?}");
        }
        let template = named("a:\n{{- if x }}\nb: 1\n").unwrap_err();
        assert!(template.hint.unwrap().contains("helm template"));
    }
}
