package org.edgeprune.task;

import org.edgeprune.task.tokenizer.ChatTemplate;

/** How the lines of {@link CustomTask} are put to a model. */
sealed interface Wording {
    /** As they are. */
    Wording PLAIN = new Plain();

    /**
     * A prompt with its answer, between tags in the line.
     *
     * @param before the text before the answer
     * @param prediction the answer
     * @param after the text after it
     */
    record Tagged(String before, String prediction, String after) {}

    /**
     * The same as the model gets it.
     *
     * @param prompt the text before the answer
     * @param answered the text up to the answer's end
     * @param whole the text with what follows the answer
     */
    record Texts(String prompt, String answered, String whole) {}

    Texts texts(Tagged line);

    /**
     * A corrupted text without tags.
     *
     * @param clean the clean line
     */
    String untagged(String text, Tagged clean);

    int[] encode(Row row, String text, PromptTokenizer tokenizer);

    /** The line's own texts, without spaces at their ends. */
    record Plain() implements Wording {
        @Override
        public Texts texts(Tagged line) {
            String answered = (line.before() + line.prediction()).stripTrailing();
            return new Texts(line.before().stripTrailing(), answered, (answered + line.after()).stripTrailing());
        }

        @Override
        public String untagged(String text, Tagged clean) {
            return text.stripTrailing();
        }

        @Override
        public int[] encode(Row row, String text, PromptTokenizer tokenizer) {
            return text.isEmpty() ? tokenizer.encode("") : row.encode(text, tokenizer);
        }
    }

    /** The text before the answer as the user's question, and the answer as the beginning of the assistant's. */
    record Chat(ChatTemplate template) implements Wording {
        @Override
        public Texts texts(Tagged line) {
            String question = line.before().strip();
            String answer = line.prediction().strip();
            ChatTemplate.Reply reply = template.reply(question, answer);
            ChatTemplate.Reply whole = template.reply(question, (answer + line.after()).strip());
            return new Texts(reply.prompt(), reply.answered(), whole.answered());
        }

        @Override
        public String untagged(String text, Tagged clean) {
            return texts(new Tagged(text, clean.prediction(), clean.after())).whole();
        }

        @Override
        public int[] encode(Row row, String text, PromptTokenizer tokenizer) {
            return tokenizer.encodeRendered(text);
        }
    }
}
