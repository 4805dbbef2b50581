package org.edgeprune.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.edgeprune.eval.ExampleView;
import org.edgeprune.task.Answer;
import org.edgeprune.task.PromptTokenizer;

/**
 * What the full model and the circuit do on one example, for the report.
 *
 * @param number of the test example, from 1
 * @param view what they do
 * @param tokenizer of the model, for the texts of tokens
 */
public record ExampleSection(int number, ExampleView view, PromptTokenizer tokenizer) {
    /** Weights below this are left out of the patterns. */
    private static final float FAINT = 0.02f;

    private static final int LARGEST_SIDE = 150;

    /** The section as HTML. */
    String html() {
        List<String> tokens = tokens(view.example().clean());
        StringBuilder html = new StringBuilder("<p>Test example " + number + ": <code>"
                + Html.escape(tokenizer.decode(view.example().clean())) + "</code>, answer <code>"
                + Html.escape(tokenizer.decode(((Answer.Tokens) view.example().answer()).targets()))
                + "</code></p>\n<h4>Logit attribution</h4>\n<p class=\"lead\">By how much the answer's logit (less that of"
                + " the distractor, or of the mean token) falls without what a node writes into the final norm.</p>\n");
        List<ExampleView.Contribution> strongest = view.contributions().stream()
                .sorted(Comparator.comparingDouble(c -> -Math.abs(c.circuit())))
                .toList();
        List<List<Object>> rows = new ArrayList<>();
        strongest.forEach(c -> rows.add(List.of(c.name(), c.circuit(), c.model())));
        html.append("<div class=\"wide\">")
                .append(Html.table("contributions", List.of("node", "circuit", "full model"), rows))
                .append("</div>\n<h4>Attention patterns of the circuit's heads</h4>\n<p class=\"lead\">Rows attend to"
                        + " columns; the tooltip names both. Left in the circuit, right in the full model.</p>\n"
                        + "<div class=\"patterns\">\n");
        for (ExampleView.HeadAttention head : view.heads()) {
            html.append("<figure><figcaption>")
                    .append(head.name())
                    .append("</figcaption>")
                    .append(pattern(head.circuit(), tokens))
                    .append(pattern(head.model(), tokens))
                    .append("</figure>\n");
        }
        return html.append("</div>\n").toString();
    }

    private List<String> tokens(int[] ids) {
        List<String> tokens = new ArrayList<>();
        for (int id : ids) {
            tokens.add(tokenizer.decode(id));
        }
        return tokens;
    }

    private static String pattern(float[][] weights, List<String> tokens) {
        int n = weights.length;
        int side = Math.max(2, LARGEST_SIDE / n);
        StringBuilder svg = new StringBuilder(
                "<svg role=\"img\" width=\"%1$d\" height=\"%1$d\" viewBox=\"0 0 %2$d %2$d\">".formatted(n * side, n)
                        + "<rect width=\"%1$d\" height=\"%1$d\" fill=\"#f2f4f6\"/>".formatted(n));
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                if (weights[i][j] >= FAINT) {
                    svg.append(String.format(
                            Locale.ROOT,
                            "<rect x=\"%d\" y=\"%d\" width=\"1\" height=\"1\" fill=\"#1f5fb0\" fill-opacity=\"%.2f\">"
                                    + "<title>%s \u2192 %s: %.2f</title></rect>",
                            j,
                            i,
                            weights[i][j],
                            Html.escape(tokens.get(i)),
                            Html.escape(tokens.get(j)),
                            weights[i][j]));
                }
            }
        }
        return svg.append("</svg>").toString();
    }
}
