package org.edgeprune.task;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;

/**
 * Prompts made of templates with slots, from one file of the user's ({@code custom-template:FILE}) or a bundled one.
 * Lines are those of {@link CustomTask} with a distractor. Draws whose prompts, or whose answer and distractor, differ
 * in their numbers of tokens are discarded where the tokenizer is known.
 */
public class TemplateTask implements Task {
    private final String name;
    private final String file;
    private final String summary;
    private final CustomTask lines;
    private final boolean chat;

    /** The task {@code custom-template}, which needs a file as its mode. */
    public TemplateTask() {
        this("custom-template", "", "templates with slots of your own: --mode FILE names their file");
    }

    private TemplateTask(String name, String file, String summary) {
        this(name, file, summary, new CustomTask(), false);
    }

    private TemplateTask(String name, String file, String summary, CustomTask lines, boolean chat) {
        this.name = name;
        this.file = file;
        this.summary = summary;
        this.lines = lines;
        this.chat = chat;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String fullName() {
        return (chat ? Tasks.CHAT : "") + (isCustom() && !file.isEmpty() ? name + ":" + file : name);
    }

    @Override
    public String summary() {
        return summary;
    }

    private boolean isCustom() {
        return name.equals("custom-template");
    }

    /** The templates of a file, which is read when prompts are generated: those that a run has do not need it. */
    @Override
    public Task mode(String mode) {
        if (!isCustom()) {
            return Task.super.mode(mode);
        }
        return new TemplateTask(name, mode, summary, lines, chat);
    }

    /** The same prompts as chats: the text before the answer is the user's, the answer begins the assistant's. */
    @Override
    public TemplateTask chat() {
        return new TemplateTask(name, file, summary, lines.chat(), true);
    }

    /** The task for a model, whose chat template is read if its prompts are chats. */
    @Override
    public TemplateTask forModel(Path modelDirectory) {
        return new TemplateTask(name, file, summary, lines.forModel(modelDirectory), chat);
    }

    @Override
    public Example example(Row row, PromptTokenizer tokenizer) {
        return lines.example(row, tokenizer);
    }

    @Override
    public Dataset tokenise(Records records, PromptTokenizer tokenizer) {
        return lines.tokenise(records, tokenizer);
    }

    @Override
    public Scorer scorer(PromptTokenizer tokenizer) {
        return lines.scorer(tokenizer);
    }

    @Override
    public Generated generate(DataRequest request) {
        if (request.names().isPresent()) {
            throw new InputException("task " + name + " uses no names; omit --names");
        }
        if (isCustom() && file.isEmpty() && request.templates().isEmpty()) {
            throw new InputException("task custom-template: name the file of its templates with --mode FILE");
        }
        TemplateFile templates = request.templates()
                .map(TemplateFile::read)
                .orElseGet(() -> isCustom() ? TemplateFile.read(Path.of(file)) : TemplateFile.bundled(file));
        List<String> notes = new ArrayList<>();
        Records records =
                Drawing.drawUpTo(name, request, split -> fitting(templates.maker(split), request.tokenizer()), notes);
        return new Generated(records, notes);
    }

    @Override
    public Optional<String> templatesSha256() {
        return isCustom() && !file.isEmpty()
                ? Optional.of(Digest.sha256(TemplateFile.text(Path.of(file))))
                : Optional.empty();
    }

    private Drawing.Maker fitting(Drawing.Maker maker, Optional<PromptTokenizer> tokenizer) {
        return (random, index) -> {
            ObjectNode line = maker.make(random, index);
            boolean fits = line != null
                    && tokenizer
                            .map(known -> fits(new Row(name, 1, line), known))
                            .orElse(true);
            return fits ? line : null;
        };
    }

    /** Whether a draw is a pair of this tokenizer; the lists are for every tokenizer. */
    private boolean fits(Row row, PromptTokenizer tokenizer) {
        try {
            example(row, tokenizer);
            return true;
        } catch (InputException e) {
            return false;
        }
    }

    /** The task {@code induction}. */
    public static final class Induction extends TemplateTask {
        /** The task, as {@link java.util.ServiceLoader} creates it. */
        public Induction() {
            super("induction", "induction", "induction: a word that followed before follows again");
        }
    }

    /** The task {@code docstring}. */
    public static final class Docstring extends TemplateTask {
        /** The task, as {@link java.util.ServiceLoader} creates it. */
        public Docstring() {
            super("docstring", "docstring", "docstring: the next argument of a Python function");
        }
    }

    /** The task {@code sva}. */
    public static final class SubjectVerb extends TemplateTask {
        /** The task, as {@link java.util.ServiceLoader} creates it. */
        public SubjectVerb() {
            super("sva", "sva", "subject-verb agreement: singular or plural after a distracting noun");
        }
    }

    /** The task {@code capitals}. */
    public static final class Capitals extends TemplateTask {
        /** The task, as {@link java.util.ServiceLoader} creates it. */
        public Capitals() {
            super("capitals", "capitals", "capitals: the capital of a country");
        }
    }

    /** The task {@code colour}. */
    public static final class Colour extends TemplateTask {
        /** The task, as {@link java.util.ServiceLoader} creates it. */
        public Colour() {
            super("colour", "colour", "coloured objects: the colour of one of three objects");
        }
    }

    /** The task {@code mcqa}. */
    public static final class MultipleChoice extends TemplateTask {
        /** The task, as {@link java.util.ServiceLoader} creates it. */
        public MultipleChoice() {
            super("mcqa", "mcqa", "multiple choice: the letter of the right answer");
        }
    }

    /** The task {@code addition}. */
    public static final class Addition extends TemplateTask {
        /** The task, as {@link java.util.ServiceLoader} creates it. */
        public Addition() {
            super("addition", "addition", "two-digit addition");
        }
    }
}
