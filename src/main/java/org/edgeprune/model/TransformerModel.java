package org.edgeprune.model;

import java.util.List;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * A transformer as edge pruning sees it: embeddings, then layers of attention and MLP that read from and add to a residual
 * stream, then the unembedding. Its weights are frozen; it owns them until closed.
 */
public interface TransformerModel extends AutoCloseable {
    /** The architecture's name in HuggingFace's {@code model_type}. */
    String architecture();

    /** The computation graph's shape with embedding nodes. */
    GraphShape graphShape();

    int hiddenSize();

    int vocabSize();

    /** The longest sequence that the model can take. */
    int maxPositions();

    Device device();

    /** What each embedding node adds to the residual stream: one {@code [tokens, hidden]} a name of the graph's embeddings. */
    List<Tensor> embeddings(TokenBatch batch);

    SelfAttention attention(int layer);

    Mlp mlp(int layer);

    /** Final norm and unembedding: {@code [n, hidden]} to {@code [n, vocab]}. */
    Tensor logits(Tensor residual);

    @Override
    void close();
}
